/** However much is told, and whatever is registered, telemetry takes no more room than it did in its first hour. */
import { STATUS_CODES } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from '@jest/globals'
import { openLog } from '../../../adapters/log-pino/open-log.ts'
import { MOST_VALUES } from '../../../adapters/telemetry-otel/labels.ts'
import { OpenTelemetry } from '../../../adapters/telemetry-otel/open.ts'
import { MOST_SERIES } from '../../../adapters/telemetry-otel/series.ts'
import type { ExchangeEnded, TelemetryEvent } from '../../../gateway/ports/telemetry.ts'
import type { OutcomeKind } from '../../../gateway/ledger/events.ts'
import {
  ExchangeId,
  MemberId,
  PurposeCode,
  ServiceId,
  SubsystemId,
} from '../../../policies/vocabulary.ts'
import { startCollector } from '../../harness/collector.ts'
import { samplesIn, sumOf } from '../../harness/prometheus.ts'

const EXCHANGE = ExchangeId.parse('0197a000-0000-7000-8000-000000000000')
const CONSUMER = SubsystemId.parse('TW/GOV/A17000000J/labour-insurance')

const NUMBERS = Array.from({ length: 700 }, (_, at) => String(at))
const SERVICES = NUMBERS.map((number) => ServiceId.parse(`TW/GOV/M${number}/sub/service`))
const MEMBERS = NUMBERS.map((number) => MemberId.parse(`TW/GOV/M${number}`))
const PURPOSES = NUMBERS.slice(1, 181).map((number) => PurposeCode.parse(number.padStart(3, '0')))

function openOtel(url?: URL): OpenTelemetry {
  return new OpenTelemetry({
    gateway: 'TW/GOV/GONGDAO/gateway-1',
    version: '0',
    addressOf: () => ({ host: 'provider.example', port: 443 }),
    gauges: () => [],
    collector: url && { url, everyMs: 600_000 },
    patienceMs: 300,
  })
}

function exchange(at: number, services: number): ExchangeEnded {
  const outcome: OutcomeKind = at % 7 === 0 ? 'withheld' : 'released'
  const base = at * 10
  return {
    kind: 'exchange',
    consumer: CONSUMER,
    method: 'GET',
    exchange: EXCHANGE,
    service: SERVICES[at % services],
    purpose: PURPOSES[Math.floor(at / services) % PURPOSES.length],
    effect: 'permit',
    code: at % 7 === 0 ? 'Server.Provider.Timeout' : undefined,
    outcome,
    status: 200,
    provider: at % 7 === 0 ? 'timeout' : 200,
    began: base,
    ends: [1, 2, 3, 5, 6, 7, 8].map((step) => base + step),
    trace: {
      traceId: at.toString(16).padStart(32, '0'),
      spanId: (at + 1).toString(16).padStart(16, '0'),
      parentId: undefined,
      sampled: at % 100 === 0,
      flag: false,
      state: undefined,
    },
  }
}

/** What one exchange tells, but for what is told once a batch. */
function* told(at: number, services: number): Generator<TelemetryEvent> {
  const whole = exchange(at, services)
  yield whole
  const { began, ends } = whole
  yield { kind: 'request', method: 'GET', route: 'exchange', status: 200, began, ended: ends[6]! }
  yield {
    kind: 'refused',
    code: 'Client.Request.Malformed',
    member: MEMBERS[at % services]!,
    by: 'door',
  }
  yield { kind: 'committed', chain: 'exchange', entries: 20, bytes: 9_000, syncMs: 1 }
}

test('a registry of 700 services and 180 purposes makes no more labels and series than their bounds', async () => {
  const otel = openOtel()
  for (let at = 0; at < 30_000; at += 1) {
    for (const event of told(at, 700)) otel.tell(event)
  }
  // However many services there are, they take no room from the names of providers: an alert tells which of them it is.
  const provider = SubsystemId.parse('TW/GOV/M699/sub')
  otel.tell({ kind: 'breaker', provider, state: 'open' })
  const samples = samplesIn(otel.prometheus())
  expect(samples).toContainEqual({
    name: 'gongdao_breaker_open_ratio',
    labels: { gongdao_provider: provider },
    value: 1,
  })
  for (const label of ['gongdao_service', 'gongdao_member']) {
    const values = new Set(samples.map(({ labels }) => labels[label]))
    expect(values.has('other')).toBe(true)
    expect(values.size).toBeLessThanOrEqual(MOST_VALUES + 2)
  }
  const exchanges = samples.filter(({ name }) => name === 'gongdao_exchange_duration_seconds_count')
  expect(exchanges.length).toBeLessThanOrEqual(MOST_SERIES + 1)
  expect(exchanges.some(({ labels }) => labels['otel_metric_overflow'] === 'true')).toBe(true)
  // Nothing is lost: what found no series of its own is counted with the others.
  expect(exchanges.reduce((sum, { value }) => sum + value, 0)).toBe(30_000)
  await otel.close()
}, 30_000)

test('a provider that answers with every status there is takes no neighbour’s series, and its errors stay errors of their class', async () => {
  const otel = openOtel()
  const [first, second, third, neighbour] = SERVICES
  for (const service of [first, second, third]) {
    for (let status = 200; status < 1_000; status += 1) {
      otel.tell({ ...exchange(1, 1), service, status, provider: status })
      otel.tell({ kind: 'request', method: 'GET', route: 'exchange', status, began: 0, ended: 1 })
    }
  }
  otel.tell({ ...exchange(1, 1), service: neighbour, provider: 'timeout' })
  const samples = samplesIn(otel.prometheus())
  const client = 'http_client_request_duration_seconds_count'
  const of = (labels: Record<string, string>): number => sumOf(samples, client, labels)
  expect(of({ gongdao_service: neighbour!, error_type: 'timeout' })).toBe(1)
  const own = { gongdao_service: first! }
  expect(of({ ...own, http_response_status_code: '404', error_type: '404' })).toBe(1)
  // RFC 9110 15: one that nobody knows counts as the first of its class, and outside all classes as an error of the server.
  const unknown = Array.from({ length: 800 }, (_, at) => 200 + at).filter(
    (at) => !(at in STATUS_CODES),
  )
  const refused = unknown.filter((status) => status >= 400 && status < 500).length
  expect(of({ ...own, http_response_status_code: '400', error_type: '400' })).toBe(1 + refused)
  const failed = unknown.filter((status) => status >= 500).length
  expect(of({ ...own, http_response_status_code: '500', error_type: '500' })).toBe(1 + failed)
  const known = Object.keys(STATUS_CODES).filter((status) => Number(status) >= 200).length
  for (const name of [client, 'http_server_request_duration_seconds_count']) {
    const series = samples.filter((sample) => sample.name === name)
    expect(series.length).toBeLessThanOrEqual(name === client ? 3 * known + 1 : known)
  }
  await otel.close()
})

test('a day of exchanges leaves the memory as it was, with the collector away and the log on', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  await using collector = await startCollector()
  collector.answer = 'hang'
  const otel = openOtel(collector.url)
  const now = otel.now
  const log = openLog({ level: 'info', to: '/dev/null', gateway: 'TW/GOV/GONGDAO/gateway-1', now })
  const heap: number[] = []
  // Twenty thousand exchanges, the working day of a department; the first tenth fills what is bounded.
  for (let at = 0; at < 20_000; at += 1) {
    for (const event of told(at, 40)) {
      otel.tell(event)
      log.tell(event)
    }
    if (at % 500 === 0) await new Promise(setImmediate)
    if (at % 2_000 !== 1_999) continue
    otel.prometheus()
    collect()
    heap.push(process.memoryUsage().heapUsed)
  }
  const [, ...settled] = heap
  expect(Math.max(...settled) - Math.min(...settled)).toBeLessThan(12 * 1024 * 1024)
  expect(collector.raw.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(16 * 1024 * 1024)
  await otel.close()
  await log.close()
}, 60_000)
