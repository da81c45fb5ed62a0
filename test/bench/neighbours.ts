/**
 * What a neighbour notices (issue 5): its p99 while a provider is slow, as a ratio to its p99 while the same questions go to a provider
 * that is quick; and its p99 while another consumer asks as often as it can, as a ratio to its p99 alone; in the same round. With the
 * limits of `admission`; and, to see what they are good for, without: in a gateway of its own when the rounds are over, so that this one
 * ratio is to another moment.
 *
 * The neighbour asks at a steady pace whatever becomes of it (an open loop), so that a stall is not hidden by fewer questions.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ENROLMENT } from '../harness/departments.ts'
import { GATE_CACHE } from '../harness/gate-cache.ts'
import { ask, GATEWAY, LABOUR, scenarioNamed, startSystem, type System } from '../harness/system.ts'
import { foreignShareOf, usageOf } from './load.ts'
import { median } from './median.ts'
import { startOtherConsumer, type Manners } from './other-consumer.ts'
import { notAlone } from './results.ts'
import { CORE_OF_VARIANT, freePort, NODE_FLAGS } from './variants.ts'

export interface NeighbourResult {
  readonly name: 'neighbours'
  readonly beside: Beside
  /** Milliseconds, median of the rounds. */
  readonly p99: number
  /** Medians of the rounds' ratios. */
  readonly ratioToAlone: number
  readonly ratioToBefore: number
  /** The greatest share of the gateway's core that other processes took in a round. */
  readonly foreignShare: number
}

type Beside =
  | 'nobody'
  | 'a quick provider'
  | 'a slow provider'
  | 'a greedy consumer'
  | 'a greedy consumer, no limits'
const BESIDE: readonly Beside[] = [
  'nobody',
  'a quick provider',
  'a slow provider',
  'a greedy consumer',
  'a greedy consumer, no limits',
]

/** What it was before: the other consumer asked as often while its provider was quick; who turns greedy asked little. */
const BEFORE: Partial<Record<Beside, Beside>> = { 'a slow provider': 'a quick provider' }

const HELD_TO: readonly Beside[] = ['a slow provider', 'a greedy consumer']

const isLimited = (beside: Beside): boolean => !beside.endsWith('no limits')

/** Of the greedy consumer, which has one question under way on each. */
const CONNECTIONS = 64
/** Of the one that asks at a steady pace: more than the provider's slowness fills. */
const PACED_CONNECTIONS = 128
/** Steady, and well below what the gateway can do alone. */
const PACE_MS = 5
/** So long that nearly all places are taken, and none of the questions is refused: the gateway does the same work as before. */
const SLOW_MS = 3000
const OTHER_PACE_MS = 50
const PLACES = 64
export const MOST = 1.2

/** Some 4,000 questions: of fewer, the 99th percentile is how the host's disk was just then. */
const LEAST_SECONDS = 20
/** Open before it is measured, so that nobody's handshake is: it would cost more than the questions. */
const NEIGHBOURS_CONNECTIONS = 8

/** Until as many places at the slow provider are taken as will be, and their connections made: each is a handshake, once. */
const SETTLE_MS = 10_000

/** Whoever ends the other consumer ends its provider as well: that is no reason not to ask it the next time. */
const BREAKER = { breaker: { failuresInARow: 10_000, openForMs: 1000 } }
const LIMITS = {
  ...BREAKER,
  rates: { consumers: { [LABOUR]: { requests: 25, withinSeconds: 1 } } },
  atOneTime: { consumer: 128, provider: 256, consumerAtProvider: PLACES },
}

export async function neighbours(rounds: number, seconds: number): Promise<NeighbourResult[]> {
  const [limited, open] = [await startOne(LIMITS), await startOne(BREAKER)]
  const measured = new Map<Beside, Noticed[]>(BESIDE.map((beside) => [beside, []]))
  try {
    for (const { beside, round } of inTurn(rounds)) {
      const one = isLimited(beside) ? limited : open
      const noticed = await besides(beside, one, () =>
        neighbour(one, Math.max(seconds, LEAST_SECONDS)),
      )
      if (round > 0) measured.get(beside)?.push(noticed)
      process.stderr.write(`round ${String(round)} of ${String(rounds)}: beside ${beside}\n`)
    }
  } finally {
    await limited.stop()
    await open.stop()
  }
  return BESIDE.map((beside) => {
    const rounds = measured.get(beside) ?? []
    const ratioTo = (other: Beside): number =>
      median(rounds.map(({ p99 }, round) => p99 / (measured.get(other)?.[round]?.p99 ?? NaN)))
    return {
      name: 'neighbours',
      beside,
      p99: median(rounds.map(({ p99 }) => p99)),
      ratioToAlone: ratioTo('nobody'),
      ratioToBefore: ratioTo(BEFORE[beside] ?? 'nobody'),
      foreignShare: Math.max(...rounds.map(({ foreignShare }) => foreignShare)),
    }
  })
}

/**
 * Round 0 is not measured: compilers and connections. What a gateway without limits leaves behind keeps the disk busy for a while: it
 * comes last, so that it is nobody's neighbour.
 */
function inTurn(rounds: number): readonly { readonly beside: Beside; readonly round: number }[] {
  const turns = (besides: readonly Beside[]): { beside: Beside; round: number }[] =>
    Array.from({ length: rounds + 1 }, (_, round) =>
      besides.map((beside) => ({ beside, round })),
    ).flat()
  const isOpen = (beside: Beside): boolean => !isLimited(beside)
  return [...turns(BESIDE.filter(isLimited)), ...turns(BESIDE.filter(isOpen))]
}

export function neighbourTable(results: readonly NeighbourResult[]): string {
  const lines = results.map(({ beside, p99, ratioToAlone, ratioToBefore }) => {
    const what = `neighbour beside ${beside}: p99 ${p99.toFixed(2)} ms, ${ratioToAlone.toFixed(2)} × of alone`
    if (!HELD_TO.includes(beside)) return `  ${what}`
    const mark = ratioToBefore <= MOST ? '✓' : '✗'
    return `${mark} ${what}, ${ratioToBefore.toFixed(2)} × of before (≤ ${String(MOST)})`
  })
  const foreign = Math.max(...results.map(({ foreignShare }) => foreignShare))
  return [...lines, ...notAlone(foreign)].join('\n')
}

interface One {
  readonly pid: number
  readonly system: System
  readonly url: URL
  readonly agent: Agent
  /** Where the other consumer's provider is to listen. */
  readonly port: number
  stop(): Promise<void>
}

async function startOne(admission: object): Promise<One> {
  const system = await startSystem({ start: false })
  const { data, departments } = system
  const port = await freePort()
  const file = join(data, 'gateway.json')
  const config = {
    ...{ data, cache: GATE_CACHE, gateway: GATEWAY, syntheticIds: true },
    addresses: {
      ...Object.fromEntries(departments.addresses),
      [ENROLMENT]: `https://127.0.0.1:${String(port)}`,
    },
    listen: { host: '127.0.0.1', port: 0 },
    revocationGraceMs: 3_600_000,
    admission,
  }
  writeFileSync(file, JSON.stringify(config))
  const words = [...NODE_FLAGS, 'deploy/gongdao.ts', 'serve', '--config', file, '--json']
  const child = spawn('taskset', ['-c', CORE_OF_VARIANT, process.execPath, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const { url } = JSON.parse(line.toString()) as { readonly url: string }
  const agent = new Agent({ keepAlive: true, maxSockets: NEIGHBOURS_CONNECTIONS })
  return {
    system,
    pid: child.pid ?? 0,
    url: new URL(url),
    agent,
    port,
    async stop() {
      agent.destroy()
      child.kill('SIGTERM')
      await once(child, 'close')
      await system[Symbol.asyncDispose]()
    },
  }
}

async function besides(
  beside: Beside,
  one: One,
  measure: () => Promise<Noticed>,
): Promise<Noticed> {
  if (beside === 'nobody') {
    await pause(SETTLE_MS)
    return measure()
  }
  const other = await startOtherConsumer(one, MANNERS[beside])
  await pause(SETTLE_MS)
  try {
    return await measure()
  } finally {
    other.kill('SIGKILL')
    await once(other, 'close')
    // What it left behind is finished, and its provider is asked again.
    await pause(SLOW_MS + 500)
  }
}

const PACED = { connections: PACED_CONNECTIONS, everyMs: OTHER_PACE_MS }
const GREEDY = { connections: CONNECTIONS, afterMs: 0 }
const MANNERS: Readonly<Record<Exclude<Beside, 'nobody'>, Manners>> = {
  'a quick provider': { ...PACED, afterMs: 0 },
  'a slow provider': { ...PACED, afterMs: SLOW_MS },
  'a greedy consumer': GREEDY,
  'a greedy consumer, no limits': GREEDY,
}

interface Noticed {
  /** Milliseconds. */
  readonly p99: number
  readonly foreignShare: number
}

async function neighbour({ agent, pid, system, url }: One, seconds: number): Promise<Noticed> {
  const scenario = scenarioNamed('household')
  const tls = system.world.identityOf('subsystem', scenario.consumer)
  const asking = async (): Promise<number> => {
    const due = performance.now()
    const { status } = await ask(url, tls, { ...scenario, agent })
    if (status !== 200) throw new Error(`the neighbour was answered ${String(status)}`)
    return performance.now() - due
  }
  await Promise.all(Array.from({ length: NEIGHBOURS_CONNECTIONS }, asking))
  const before = usageOf(pid)
  const asked: Promise<number>[] = []
  for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
    asked.push(asking())
    await pause(PACE_MS)
  }
  const took = (await Promise.all(asked)).sort((a, b) => a - b)
  return {
    p99: took[Math.ceil(took.length * 0.99) - 1] ?? Number.NaN,
    foreignShare: foreignShareOf(before, usageOf(pid), seconds),
  }
}
