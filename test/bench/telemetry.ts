/**
 * What telemetry costs a whole gateway: one with everything on (metrics, one trace in a hundred to a collector, the log in a file)
 * against one with everything off, in the same rounds. `telemetry-cost.program.ts` tells the parts.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startCollector } from '../harness/collector.ts'
import { bodies } from './bodies.ts'
import { compileShim, load, writeScript, type Measured } from './load.ts'
import { median } from './median.ts'
import { startGateway, startUpstream, type Running } from './variants.ts'
import { benchWorld, type BenchWorld } from './world.ts'

const CONNECTIONS = 64
const LEAST = 0.95
const WARM_UP = 3

interface One {
  readonly world: BenchWorld
  readonly running: Running
}

export async function telemetryCost(
  folder: string,
  rounds: number,
  seconds: number,
): Promise<string> {
  await using collector = await startCollector()
  const stops: (() => Promise<void>)[] = []
  const started = async (name: string, isOn: boolean): Promise<One> => {
    const own = join(folder, name)
    mkdirSync(own, { recursive: true })
    const world = await benchWorld(own)
    const upstream = await startUpstream(world)
    stops.push(upstream.stop)
    const log = { file: join(own, 'gateway.log') }
    const telemetry = { traceShare: 0.01, collector: { url: collector.url.href }, log }
    const running = await startGateway(world, upstream.port, isOn ? { telemetry } : {})
    stops.push(running.stop)
    return { world, running }
  }
  try {
    const off = await started('off', false)
    const on = await started('on', true)
    return inWords(await ratios(off, on, { rounds, seconds }))
  } finally {
    for (const stop of stops.toReversed()) await stop()
  }
}

async function ratios(
  off: One,
  on: One,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<readonly Ratios[]> {
  const found: Ratios[] = []
  // One unmeasured round: compilers warm up.
  for (let round = 0; round <= rounds; round += 1) {
    const lasting = (seconds + 1) * (round === 0 ? WARM_UP : 1)
    const without = await measure(off, lasting)
    const withAll = await measure(on, lasting)
    if (round > 0) {
      found.push({
        throughput: withAll.requestsPerSecond / without.requestsPerSecond,
        // What a core that does nothing else could do: neighbours on the machine don't count.
        processor: without.cpuMicros / withAll.cpuMicros,
        micros: withAll.cpuMicros - without.cpuMicros,
      })
    }
    process.stderr.write(`round ${String(round)} of ${String(rounds)}: telemetry\n`)
  }
  return found
}

function measure({ running, world }: One, seconds: number): Promise<Measured> {
  const [body] = bodies()
  if (body === undefined) throw new Error('there is a body of 1 KiB')
  const script = writeScript(world.folder, body)
  const shim = compileShim(world.folder)
  return load(running, { world, shim, script, connections: CONNECTIONS, seconds })
}

interface Ratios {
  readonly throughput: number
  readonly processor: number
  /** Of processor time that an exchange costs more. */
  readonly micros: number
}

function inWords(found: readonly Ratios[]): string {
  const [throughput, processor, micros] = (['throughput', 'processor', 'micros'] as const).map(
    (name) => median(found.map((one) => one[name])),
  )
  if (throughput === undefined || processor === undefined || micros === undefined) return ''
  const mark = processor >= LEAST ? '✓' : '✗'
  return `${mark} telemetry, ${String(CONNECTIONS)} connections, all on ÷ off: by processor time ${processor.toFixed(3)} (≥ ${String(LEAST)}; ${micros.toFixed(1)} µs an exchange), throughput ${throughput.toFixed(3)}`
}
