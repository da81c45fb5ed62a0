/**
 * What telemetry costs an exchange, part by part: processor time of the whole process over many turns of what one exchange tells,
 * so that a busy machine disturbs little. The gateway's own time for an exchange is in the rows of `npm run bench`.
 *
 *     node test/bench/telemetry-cost.program.ts [µs of an exchange]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLog } from '../../adapters/log-pino/open-log.ts'
import { OpenTelemetry } from '../../adapters/telemetry-otel/open.ts'
import { systemChance } from '../../deploy/system.ts'
import { beginTrail } from '../../gateway/exchange/trail.ts'
import type { ExchangeEnded } from '../../gateway/ports/telemetry.ts'
import { enrolment } from '../harness/calls.ts'
import { startCollector } from '../harness/collector.ts'
import { RecordingTelemetry } from '../harness/recording-telemetry.ts'
import { makeWorld } from '../harness/world.ts'
import { median } from './median.ts'

const ROUNDS = 9
const TURNS = 20_000
const exchangeMicros = Number(process.argv[2] ?? 200)

await using collector = await startCollector()
const folder = mkdtempSync(join(tmpdir(), 'gongdao-telemetry-cost-'))
const gateway = 'TW/GOV/GONGDAO/gateway-1'
const otel = new OpenTelemetry({
  gateway,
  version: '0',
  addressOf: () => ({ host: 'provider.example', port: 443 }),
  gauges: () => [],
  collector: { url: collector.url, everyMs: 15_000 },
})
const log = openLog({ level: 'info', to: join(folder, 'log'), gateway, now: otel.now })

const recording = new RecordingTelemetry(1)
const world = makeWorld({ telemetry: recording })
const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const call = enrolment({ headers: { traceparent, tracestate: 'rojo=00f067aa0ba902b7' } })
await world.exchange(call)
const told = recording.exchanges[0]
if (told === undefined) throw new Error('nothing was told')
const event: ExchangeEnded = { ...told, ends: [...told.ends] }
const unsampled: ExchangeEnded = { ...event, trace: { ...event.trace!, sampled: false } }
const parts = {
  ...world.parts,
  chance: systemChance(),
  telemetry: { now: otel.now, sampling: 0.01, tell: () => undefined },
}
const reply = { status: 200, headers: [], body: Buffer.alloc(0) }

/** What each exchange pays, and one in a hundred its spans. */
const PARTS: Readonly<Record<string, () => void>> = {
  'trail: times, ids, trace context': () => {
    const trail = beginTrail(call, parts)
    for (let step = 0; step < 6; step += 1) trail.past({ kind: 'answered', ...reply })
    trail.end(reply)
  },
  'metrics: the exchange': () => otel.tell(unsampled),
  'metrics: the request': () => {
    otel.tell({
      kind: 'request',
      method: 'GET',
      route: 'exchange',
      status: 200,
      began: 1,
      ended: 9,
    })
  },
  'log: one line': () => log.tell(event),
}
const SPANS = (): void => otel.tell(event)

let all = 0
for (const [name, turn] of Object.entries(PARTS)) {
  const micros = await costOf(turn)
  all += micros
  console.log(`${name.padEnd(34)} ${micros.toFixed(2)} µs`)
}
const spans = (await costOf(SPANS)) / 100
console.log(`${'spans, of one in a hundred'.padEnd(34)} ${spans.toFixed(2)} µs`)
all += spans
const kept = exchangeMicros / (exchangeMicros + all)
console.log(
  `all on: ${all.toFixed(1)} µs of ${String(exchangeMicros)} µs: ${kept.toFixed(3)} of the throughput`,
)
console.log(`bar: at least 0.95: ${kept >= 0.95 ? 'reached' : 'not reached'}`)
await otel.close()
await log.close()
rmSync(folder, { recursive: true })

async function costOf(turn: () => void): Promise<number> {
  const rounds: number[] = []
  for (let round = -3; round < ROUNDS; round += 1) {
    const before = process.cpuUsage()
    for (let count = 0; count < TURNS; count += 1) {
      turn()
      // Lines and spans are written in between, as they are between requests.
      if (count % 200 === 0) await new Promise(setImmediate)
    }
    const { system, user } = process.cpuUsage(before)
    if (round >= 0) rounds.push((system + user) / TURNS)
  }
  return median(rounds)
}
