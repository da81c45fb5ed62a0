/**
 * What Kafka costs, in the same rounds: a gateway whose replies wait for the log servers (`durability: replicated`) against one that
 * carries the same records there while its replies wait for the journal alone (`durability: journal`), and against one without Kafka.
 * The broker is a real one on this machine, beside the load on core 0: its own work counts as somebody else's.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { KafkaCluster } from '../../deploy/services/kafka/cluster.ts'
import { ledgerOn, sectionFor } from '../harness/replication.ts'
import { bodies } from './bodies.ts'
import { compileShim, load, writeScript, type Measured } from './load.ts'
import { keepOn } from './machine.ts'
import { median } from './median.ts'
import { CORE_OF_LOAD, startGateway, startUpstream } from './variants.ts'
import type { GatewaySections, Running } from './variants.ts'
import { benchWorld, type BenchWorld } from './world.ts'

export interface ReplicatedResult {
  readonly name: 'replicated'
  readonly connections: number
  /** Requests per second, `replicated` ÷ `journal`, median of the rounds. */
  readonly ratioToJournal: number
  /** The same, ÷ a gateway that has no Kafka. */
  readonly ratioToEmbedded: number
  /** Milliseconds that the median reply takes longer. */
  readonly addedP50: number
  /** CPU of one exchange, `replicated` ÷ `journal`. */
  readonly cpuToJournal: number
  /** Share of its core that the gateway used with `replicated`: what is left to 1 it waited. */
  readonly busy: number
}

type Transport = 'embedded' | 'journal' | 'replicated'
const TRANSPORTS: readonly Transport[] = ['embedded', 'journal', 'replicated']
const CONNECTIONS = [1, 64]
const LEAST = 0.8
/** The broker compiles while it serves, too: half a minute until neither changes any more. */
const WARM_UP = 8

interface One {
  readonly world: BenchWorld
  readonly running: Running
}

export async function replicated(
  folder: string,
  rounds: number,
  seconds: number,
): Promise<readonly ReplicatedResult[]> {
  // Compiled as a broker in production is: for a quick start tests leave out the compiler that makes TLS fast.
  const plan = { nodes: 1, java: ['-XX:TieredStopAtLevel=4'] } as const
  const cluster = await KafkaCluster.start(join(folder, 'kafka'), plan)
  for (const { pid } of cluster.nodes) if (pid !== undefined) keepOn(CORE_OF_LOAD, pid)
  const ones = new Map<Transport, One>()
  const stops: (() => Promise<void>)[] = [() => cluster.stop()]
  try {
    for (const transport of TRANSPORTS) {
      const own = join(folder, transport)
      mkdirSync(own, { recursive: true })
      const world = await benchWorld(own)
      const upstream = await startUpstream(world)
      stops.push(upstream.stop)
      const running = await startGateway(world, upstream.port, await sectionsOf(transport, cluster))
      stops.push(running.stop)
      ones.set(transport, { world, running })
    }
    return await compare(ones, rounds, seconds)
  } finally {
    for (const stop of stops.toReversed()) await stop()
  }
}

async function sectionsOf(transport: Transport, cluster: KafkaCluster): Promise<GatewaySections> {
  if (transport === 'embedded') return {}
  return { replication: sectionFor(cluster, await ledgerOn(cluster), { durability: transport }) }
}

async function compare(
  ones: ReadonlyMap<Transport, One>,
  rounds: number,
  seconds: number,
): Promise<readonly ReplicatedResult[]> {
  const results: ReplicatedResult[] = []
  for (const connections of CONNECTIONS) {
    const cycles: Record<Transport, Measured>[] = []
    // One unmeasured round: compilers warm up.
    for (let round = 0; round <= rounds; round += 1) {
      const cycle: Partial<Record<Transport, Measured>> = {}
      for (const [transport, one] of ones) {
        // Handshakes come first: the more of them, the longer the rest.
        const lasting = (seconds + connections / 64) * (round === 0 ? WARM_UP : 1)
        cycle[transport] = await measure(one, connections, lasting)
      }
      if (round > 0) cycles.push(cycle as Record<Transport, Measured>)
      process.stderr.write(
        `round ${String(round)} of ${String(rounds)}: replicated-${String(connections)}\n`,
      )
    }
    const ratioTo = (other: Transport): number =>
      median(cycles.map((one) => one.replicated.requestsPerSecond / one[other].requestsPerSecond))
    results.push({
      name: 'replicated',
      connections,
      ratioToJournal: ratioTo('journal'),
      ratioToEmbedded: ratioTo('embedded'),
      addedP50: median(cycles.map((one) => one.replicated.p50 - one.journal.p50)),
      cpuToJournal: median(cycles.map((one) => one.replicated.cpuMicros / one.journal.cpuMicros)),
      busy: median(
        cycles.map(({ replicated: one }) => (one.requestsPerSecond * one.cpuMicros) / 1e6),
      ),
    })
  }
  return results
}

function measure({ running, world }: One, connections: number, seconds: number): Promise<Measured> {
  const [body] = bodies()
  if (body === undefined) throw new Error('there is a body of 1 KiB')
  const script = writeScript(world.folder, body)
  return load(running, { world, shim: compileShim(world.folder), script, connections, seconds })
}

export function replicatedTable(results: readonly ReplicatedResult[]): string {
  return results
    .map(({ addedP50, busy, connections, cpuToJournal, ratioToEmbedded, ratioToJournal }) => {
      const isHeldTo = connections === 64
      const mark = isHeldTo ? (ratioToJournal >= LEAST ? '✓' : '✗') : ' '
      const bar = isHeldTo ? ` (≥ ${String(LEAST)})` : ''
      return `${mark} replicated, ${String(connections)} connections: throughput ÷ journal ${ratioToJournal.toFixed(2)}${bar}, p50 +${addedP50.toFixed(2)} ms, CPU ÷ journal ${cpuToJournal.toFixed(2)}, core busy ${busy.toFixed(2)}; throughput ÷ no Kafka ${ratioToEmbedded.toFixed(2)}`
    })
    .join('\n')
}
