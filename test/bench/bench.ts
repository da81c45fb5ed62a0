/**
 * `npm run bench -- --rounds N --only NAME --out FILE`: what an exchange costs, as a ratio to nginx and to a bare node:https proxy
 * in the same run. Round-robin: each cycle measures every variant once, a ratio is made within its cycle, and the medians of the
 * cycles are the result. Absolute figures belong to one machine on one day.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { table } from '../../deploy/demo/table.ts'
import { bodies, type BenchBody } from './bodies.ts'
import { compileShim, load, writeScript, type Measured } from './load.ts'
import { startUpstream, startVariant, type Running, type VariantName } from './variants.ts'
import { benchWorld, type BenchWorld } from './world.ts'

const VARIANTS: readonly VariantName[] = ['nginx', 'bare', 'gateway']
const CONNECTIONS = [1, 64, 256]
const SECONDS = 3

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    /** A row such as `1KiB-64`, or a body such as `16KiB`. */
    only: { type: 'string', default: '' },
    out: { type: 'string' },
    seconds: { type: 'string', default: String(SECONDS) },
  },
})

interface Row {
  readonly body: BenchBody
  readonly connections: number
}

interface Result {
  readonly name: string
  readonly variant: VariantName
  readonly bodyBytes: number
  readonly connections: number
  readonly requestsPerSecond: number
  readonly p50: number
  readonly p99: number
  readonly cpuMicros: number
  readonly ratioToBare: number
  readonly ratioToNginx: number
  readonly p99ToBare: number
}

type Cycle = Readonly<Record<VariantName, Measured>>

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

function rowName({ body, connections }: Row): string {
  return `${body.name}-${String(connections)}`
}

function resultsOf(row: Row, cycles: readonly Cycle[]): readonly Result[] {
  return VARIANTS.map((variant) => {
    const of = (pick: (measured: Measured) => number): number =>
      median(cycles.map((cycle) => pick(cycle[variant])))
    const ratio = (other: VariantName, pick: (measured: Measured) => number): number =>
      median(cycles.map((cycle) => pick(cycle[variant]) / pick(cycle[other])))
    return {
      name: rowName(row),
      variant,
      bodyBytes: row.body.bytes,
      connections: row.connections,
      requestsPerSecond: of((one) => one.requestsPerSecond),
      p50: of((one) => one.p50),
      p99: of((one) => one.p99),
      cpuMicros: of((one) => one.cpuMicros),
      ratioToBare: ratio('bare', (one) => one.requestsPerSecond),
      ratioToNginx: ratio('nginx', (one) => one.requestsPerSecond),
      p99ToBare: ratio('bare', (one) => one.p99),
    }
  })
}

function shown(results: readonly Result[]): string {
  return table(
    ['row', 'variant', 'req/s', 'p50 ms', 'p99 ms', 'CPU µs', '÷ bare', '÷ nginx', 'p99 ÷ bare'],
    results.map((one) => [
      one.name,
      one.variant,
      one.requestsPerSecond.toFixed(0),
      one.p50.toFixed(2),
      one.p99.toFixed(2),
      one.cpuMicros.toFixed(0),
      one.ratioToBare.toFixed(2),
      one.ratioToNginx.toFixed(2),
      one.p99ToBare.toFixed(2),
    ]),
  )
}

async function measure(
  rows: readonly Row[],
  running: ReadonlyMap<VariantName, Running>,
  world: BenchWorld,
): Promise<readonly Result[]> {
  const shim = compileShim(world.folder)
  const rounds = Number(values.rounds)
  const cycles = new Map<Row, Cycle[]>(rows.map((row) => [row, []]))
  // One unmeasured round: compilers warm up, connections and persons' keys are made.
  for (let round = 0; round <= rounds; round += 1) {
    for (const row of rows) {
      const script = writeScript(world.folder, row.body)
      const seconds = round === 0 ? Math.max(2, Number(values.seconds)) : Number(values.seconds)
      const options = { world, shim, script, connections: row.connections, seconds }
      const cycle: Partial<Record<VariantName, Measured>> = {}
      for (const [name, target] of running) cycle[name] = await load(target, options)
      if (round > 0) cycles.get(row)?.push(cycle as Cycle)
      process.stderr.write(`round ${String(round)} of ${String(rounds)}: ${rowName(row)}\n`)
    }
  }
  return rows.flatMap((row) => resultsOf(row, cycles.get(row) ?? []))
}

if (availableParallelism() < 2)
  throw new Error('the bench needs two cores: one for the load, one for what is measured')
const rows = bodies()
  .flatMap((body) => CONNECTIONS.map((connections): Row => ({ body, connections })))
  .filter(
    (row) =>
      rowName(row) === values.only ||
      rowName(row).startsWith(`${values.only}-`) ||
      values.only === '',
  )
if (rows.length === 0) throw new Error(`no row is called ${values.only}: e.g. 1KiB-64 or 16KiB`)

const folder = mkdtempSync(join(tmpdir(), 'gongdao-bench-'))
const running = new Map<VariantName, Running>()
const world = await benchWorld(folder)
const certs = join(world.data, 'certs')
writeFileSync(
  join(folder, 'chain.pem'),
  readFileSync(join(certs, 'root.crt'), 'utf8') + readFileSync(join(certs, 'issuing.crt'), 'utf8'),
)
const upstream = await startUpstream(world)
try {
  for (const name of VARIANTS) running.set(name, await startVariant(name, world))
  const results = await measure(rows, running, world)
  process.stdout.write(`${shown(results)}\n`)
  if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(results, null, 2)}\n`)
} finally {
  for (const variant of running.values()) await variant.stop()
  await upstream.stop()
  rmSync(folder, { recursive: true, force: true })
}
