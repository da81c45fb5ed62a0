/**
 * `npm run bench -- --rounds N --only NAME --out FILE`: what an exchange costs, as a ratio to nginx and to a bare node:https proxy
 * in the same run. Round-robin: each cycle measures every variant once, a ratio is made within its cycle, and the medians of the
 * cycles are the result. Absolute figures belong to one machine on one day. Beside them, what an audit costs.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { DATA_DEFAULT } from '../../deploy/config.ts'
import { audit, auditTable, type AuditResult } from './audit.ts'
import { barsReached } from './bars.ts'
import { bodies } from './bodies.ts'
import { checkAnswers, checkReceipts } from './check-answers.ts'
import { compileShim, load, writeScript, type LoadOptions, type Measured } from './load.ts'
import { assertMachine, keepOn, measureFdatasync } from './machine.ts'
import { neighbours, neighbourTable } from './neighbours.ts'
import { replicated, replicatedTable } from './replicated.ts'
import { telemetryCost } from './telemetry.ts'
import {
  notAlone,
  resultsOf,
  rowName,
  shown,
  type Cycle,
  type Result,
  type Row,
} from './results.ts'
import { CORE_OF_LOAD, startUpstream, startVariant, VARIANTS } from './variants.ts'
import type { Running, VariantName } from './variants.ts'
import { benchWorld, type BenchWorld } from './world.ts'

const CONNECTIONS = [1, 64, 256]
const AUDIT = 'audit'
const NEIGHBOURS = 'neighbours'
const REPLICATED = 'replicated'
const TELEMETRY = 'telemetry'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    /** A row such as `1KiB-64`, a body such as `16KiB`, `audit`, `neighbours`, `replicated` or `telemetry`. */
    only: { type: 'string', default: '' },
    out: { type: 'string' },
    /** How long each variant is measured in each cycle; a little longer with many connections. */
    seconds: { type: 'string', default: '3' },
  },
})
// Twenty thousand exchanges and more go by before the compilers have settled.
const WARM_UP = 4
const AUDITED_SECONDS = 12
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)

await bench()

async function bench(): Promise<void> {
  const rows = bodies()
    .flatMap((body) => CONNECTIONS.map((connections): Row => ({ body, connections })))
    .filter((row) => values.only === '' || `${rowName(row)}-`.startsWith(`${values.only}-`))
  if (rows.length === 0 && ![AUDIT, NEIGHBOURS, REPLICATED, TELEMETRY].some(isAsked)) {
    throw new Error(
      `no row is called ${values.only}: there are 1KiB-64, 16KiB, audit, neighbours, replicated, telemetry and so on`,
    )
  }
  // Beside the demo's data: on a disk, where /tmp may be memory.
  const parent = new URL(`../../${DATA_DEFAULT}/`, import.meta.url).pathname
  mkdirSync(parent, { recursive: true })
  const folder = mkdtempSync(join(parent, 'bench-'))
  try {
    assertMachine(folder)
    keepOn(CORE_OF_LOAD, process.pid)
    const results = rows.length === 0 ? [] : await measureRows(join(folder, 'rows'), rows)
    const audits = isAsked(AUDIT) ? await measureAudit(join(folder, AUDIT)) : []
    tell(results, audits)
    await measureFurther(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function isAsked(name: string): boolean {
  return values.only === '' || values.only === name
}

async function measureFurther(folder: string): Promise<void> {
  if (isAsked(NEIGHBOURS)) {
    process.stdout.write(`${neighbourTable(await neighbours(rounds, seconds))}\n`)
  }
  if (isAsked(REPLICATED)) {
    const measured = await replicated(join(folder, REPLICATED), rounds, seconds)
    process.stdout.write(`${replicatedTable(measured)}\n`)
  }
  if (isAsked(TELEMETRY)) {
    const measured = await telemetryCost(join(folder, TELEMETRY), rounds, seconds)
    process.stdout.write(`${measured}\n`)
  }
}

async function measureRows(folder: string, rows: readonly Row[]): Promise<readonly Result[]> {
  return withVariants(folder, VARIANTS, async (running, world) => {
    const shim = compileShim(world.folder)
    const cycles = new Map<Row, Cycle[]>(rows.map((row) => [row, []]))
    // One unmeasured round: compilers warm up, connections and persons' keys are made.
    for (let round = 0; round <= rounds; round += 1) {
      for (const row of rows) {
        const script = writeScript(world.folder, row.body)
        const { connections } = row
        // Handshakes come first and are not what is measured: the more of them, the longer the rest.
        const lasting = (seconds + connections / 64) * (round === 0 ? WARM_UP : 1)
        const cycle = await oneCycle(running, {
          ...{ world, shim, script, connections },
          seconds: lasting,
        })
        if (round > 0) cycles.get(row)?.push(cycle)
        process.stderr.write(`round ${String(round)} of ${String(rounds)}: ${rowName(row)}\n`)
      }
    }
    const gateway = running.get('gateway')
    if (gateway !== undefined) await checkReceipts(gateway, world)
    return rows.flatMap((row) => resultsOf(row, cycles.get(row) ?? []))
  })
}

async function oneCycle(
  running: ReadonlyMap<VariantName, Running>,
  options: LoadOptions,
): Promise<Cycle> {
  const measured: Partial<Record<VariantName, Measured>> = {}
  for (const [name, target] of running) measured[name] = await load(target, options)
  return {
    measured: measured as Record<VariantName, Measured>,
    fdatasync: measureFdatasync(options.world.folder),
  }
}

/**
 * The gateway writes a journal of some tens of thousands of exchanges, so many that most were written by a gateway that is warm; then it is
 * stopped, and the journal audited.
 */
async function measureAudit(folder: string): Promise<readonly AuditResult[]> {
  let data = ''
  await withVariants(folder, ['gateway'], async (running, world) => {
    const [body] = bodies()
    const gateway = running.get('gateway')
    if (body === undefined || gateway === undefined) return
    const script = writeScript(world.folder, body)
    const shim = compileShim(world.folder)
    await load(gateway, { world, shim, script, connections: 64, seconds: AUDITED_SECONDS })
    data = world.data
  })
  process.stderr.write(`${AUDIT}: verify and replay\n`)
  return audit(data, rounds)
}

/** All of them are started, checked, handed over and stopped. */
async function withVariants<Answer>(
  folder: string,
  names: readonly VariantName[],
  use: (running: ReadonlyMap<VariantName, Running>, world: BenchWorld) => Promise<Answer>,
): Promise<Answer> {
  mkdirSync(folder)
  const world = await benchWorld(folder)
  const upstream = await startUpstream(world)
  const running = new Map<VariantName, Running>()
  try {
    for (const name of names) running.set(name, await startVariant(name, world, upstream.port))
    await checkAnswers(running, world)
    return await use(running, world)
  } finally {
    for (const variant of running.values()) await variant.stop()
    await upstream.stop()
  }
}

function tell(results: readonly Result[], audits: readonly AuditResult[]): void {
  if (results.length > 0) process.stdout.write(`${shown(results)}\n\n`)
  if (audits.length > 0) process.stdout.write(`${auditTable(audits)}\n\n`)
  for (const sentence of barsReached(results, audits)) process.stdout.write(`${sentence}\n`)
  const foreign = Math.max(0, ...results.map(({ foreignShare }) => foreignShare))
  for (const sentence of notAlone(foreign)) process.stdout.write(`${sentence}\n`)
  if (values.out !== undefined) {
    writeFileSync(values.out, `${JSON.stringify([...results, ...audits], null, 2)}\n`)
  }
}
