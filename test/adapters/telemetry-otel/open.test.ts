/** Exchanges through the seven real steps, told to the real adapter, in front of a real collector and a reader of Prometheus's text. */
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from '@jest/globals'
import { OpenTelemetry, type OtelOptions } from '../../../adapters/telemetry-otel/open.ts'
import { STEPS, type Telemetry } from '../../../gateway/ports/telemetry.ts'
import { ServiceId, SubsystemId } from '../../../policies/vocabulary.ts'
import { enrolment, income } from '../../harness/calls.ts'
import { startCollector, type Collector } from '../../harness/collector.ts'
import { samplesIn, sumOf, type Sample } from '../../harness/prometheus.ts'
import { makeWorld, type World } from '../../harness/world.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT = '00f067aa0ba902b7'
const SERVICE = 'TW/GOV/A21030000I/nhi-enrolment/enrolment'
const DENIED = income({ headers: { 'Exchange-Purpose': '120' } })

interface Observed {
  readonly otel: OpenTelemetry
  readonly world: World
}

function observed(options: Partial<OtelOptions> = {}, sampling = 1): Observed {
  const otel = new OpenTelemetry({
    gateway: 'TW/GOV/GONGDAO/gateway-1',
    version: '1.2.3',
    addressOf: () => ({ host: 'nhi.example', port: 8443 }),
    gauges: () => [{ name: 'gongdao.ledger.queue.size', value: 7 }],
    patienceMs: 500,
    ...options,
  })
  const telemetry: Telemetry = { now: otel.now, sampling, tell: (event) => otel.tell(event) }
  return { otel, world: makeWorld({ telemetry }) }
}

function towards({ url }: Collector): OtelOptions['collector'] {
  return { url, everyMs: 60_000 }
}

function samples({ otel }: Observed): Sample[] {
  return samplesIn(otel.prometheus())
}

describe('traces', () => {
  test('arrive decoded: the exchange under its recorded span, its steps below it, one after the other', async () => {
    await using collector = await startCollector()
    const { otel, world } = observed({ collector: towards(collector) })
    const before = Date.now()
    const headers = { traceparent: `00-${TRACE}-${PARENT}-00`, tracestate: 'rojo=1' }
    await world.exchange(enrolment({ headers }))
    await otel.close()

    const [exchange, ...steps] = collector.spans
    const intent = world.leaves('intent')[0]!.record
    expect(exchange).toMatchObject({
      name: 'exchange',
      kind: 2,
      traceId: TRACE,
      spanId: intent.span,
      parentSpanId: PARENT,
      error: false,
      attributes: {
        'gongdao.exchange.id': intent.exchange,
        'gongdao.consumer': 'TW/GOV/A17000000J/labour-insurance',
        'gongdao.service': SERVICE,
        'gongdao.purpose': '031',
        'gongdao.verdict': 'permit',
        'gongdao.outcome': 'released',
        'http.request.method': 'GET',
        'http.response.status_code': 200,
      },
      resource: {
        'service.name': 'gongdao',
        'service.version': '1.2.3',
        'service.instance.id': 'TW/GOV/GONGDAO/gateway-1',
      },
    })
    expect(steps.map(({ name }) => name)).toEqual(STEPS)
    expect(new Set(collector.spans.map(({ spanId }) => spanId)).size).toBe(8)
    for (const step of steps) {
      expect(step).toMatchObject({ traceId: TRACE, parentSpanId: intent.span })
      expect(step.began).toBeLessThanOrEqual(step.ended)
    }
    // The provider's call is a client's span; times are of the wall clock.
    expect(steps.map(({ kind }) => kind)).toEqual([1, 1, 1, 3, 1, 1, 1])
    expect(exchange!.began).toBeGreaterThan(before - 50)
    expect(exchange!.ended).toBeLessThan(Date.now() + 50)
    expect(Buffer.concat(collector.raw).includes('rojo')).toBe(false)
  })

  test('that were not sampled are exported all the same when an exchange was refused or failed', async () => {
    await using collector = await startCollector()
    const { otel, world } = observed({ collector: towards(collector) }, 0)
    await world.exchange(enrolment())
    await world.exchange(DENIED)
    world.provider.script = () => ({ kind: 'unanswered', why: 'timeout' })
    await world.exchange(enrolment())
    world.ledger.fateOf = () => 'refused'
    await world.exchange(enrolment()).catch(() => undefined)
    await otel.close()

    const exchanges = collector.spans.filter(({ name }) => name === 'exchange')
    expect(exchanges.map(({ attributes }) => attributes['gongdao.code'])).toEqual([
      expect.stringMatching(/^Client\.Policy\./),
      'Server.Provider.Timeout',
      'Server.Ledger.Unavailable',
    ])
    // A refusal by law is no error of ours.
    expect(exchanges.map(({ error }) => error)).toEqual([false, true, true])
    const failed = collector.spans.filter(({ error, name }) => error && name !== 'exchange')
    expect(failed.map(({ name }) => name)).toEqual(['record-intent'])
  })
})

describe('metrics', () => {
  test('count and time exchanges by service, purpose, verdict and outcome', async () => {
    const system = observed()
    const { world } = system
    await world.exchange(enrolment())
    await world.exchange(enrolment())
    await world.exchange(DENIED)
    const told = samples(system)
    const labels = { gongdao_service: SERVICE, gongdao_purpose: '031', gongdao_verdict: 'permit' }
    expect(
      sumOf(told, 'gongdao_exchange_duration_seconds_count', {
        ...labels,
        gongdao_outcome: 'released',
      }),
    ).toBe(2)
    expect(sumOf(told, 'gongdao_exchange_duration_seconds_sum', labels)).toBeGreaterThan(0)
    expect(
      sumOf(told, 'gongdao_exchange_duration_seconds_count', { gongdao_verdict: 'deny' }),
    ).toBe(1)
    expect(sumOf(told, 'gongdao_exchange_refusals_total')).toBe(1)
    const client = { server_address: 'nhi.example', server_port: '8443' }
    expect(sumOf(told, 'http_client_request_duration_seconds_count', client)).toBe(2)
    expect(sumOf(told, 'gongdao_step_duration_seconds_count', { gongdao_step: 'identify' })).toBe(3)
    expect(sumOf(told, 'gongdao_step_duration_seconds_count', { gongdao_step: 'reply' })).toBe(2)
    expect(sumOf(told, 'gongdao_ledger_queue_size_bytes')).toBe(7)
  })

  test('of several certificates are one metric, each under its own label', () => {
    const name = 'gongdao.kafka.certificate.remaining'
    const gauges: OtelOptions['gauges'] = () => [
      { name, value: 60, certificate: 'writer' },
      { name, value: -5, certificate: 'reader-authorities' },
    ]
    const { otel } = observed({ gauges })
    const lines = otel.prometheus().split('\n')
    const named = lines.filter((line) => line.includes('gongdao_kafka_certificate_remaining'))
    expect(named.map((line) => line.replace(/^(# HELP \S+) .*/, '$1'))).toEqual([
      '# HELP gongdao_kafka_certificate_remaining_seconds',
      '# UNIT gongdao_kafka_certificate_remaining_seconds s',
      '# TYPE gongdao_kafka_certificate_remaining_seconds gauge',
      'gongdao_kafka_certificate_remaining_seconds{gongdao_certificate="writer"} 60',
      'gongdao_kafka_certificate_remaining_seconds{gongdao_certificate="reader-authorities"} -5',
    ])
  })

  test('put a time into the bucket whose upper end it does not exceed', () => {
    const system = observed()
    for (const seconds of [0.005, 0.0051, 11]) {
      system.otel.tell({
        kind: 'request',
        method: 'GET',
        route: 'exchange',
        status: 200,
        began: 0,
        ended: seconds * 1000,
      })
    }
    const bucket = (le: string): number =>
      sumOf(samples(system), 'http_server_request_duration_seconds_bucket', { le })
    expect([bucket('0.005'), bucket('0.01'), bucket('10'), bucket('+Inf')]).toEqual([1, 2, 2, 3])
  })

  test('of the ledger, the log servers, connections, breakers and load', () => {
    const system = observed()
    const { otel } = system
    otel.tell({ kind: 'committed', chain: 'exchange', entries: 20, bytes: 5_000, syncMs: 2 })
    // A checkpoint that the registry syncs by itself: timed, and no batch of nothing.
    otel.tell({ kind: 'committed', chain: 'registry', entries: 0, bytes: 200, syncMs: 3 })
    otel.tell({ kind: 'replicated', chain: 'exchange', entries: 20, ms: 12, stored: false })
    for (const change of ['opened', 'opened', 'closed', 'handshake-failed'] as const) {
      otel.tell({ kind: 'connection', change })
    }
    const provider = SubsystemId.parse('TW/GOV/A21030000I/nhi-enrolment')
    otel.tell({ kind: 'breaker', provider, state: 'open' })
    otel.tell({ kind: 'refused', code: 'Server.Overloaded', member: 'nobody', by: 'door' })
    otel.tell({ kind: 'fault', fault: new Error('x'), exchange: undefined })
    const told = samples(system)
    const value = (name: string): number => sumOf(told, name)
    expect(value('gongdao_ledger_sync_duration_seconds_sum')).toBe(0.005)
    expect(value('gongdao_ledger_batch_records_sum')).toBe(20)
    expect(value('gongdao_ledger_batch_records_count')).toBe(1)
    expect(value('gongdao_ledger_written_bytes_total')).toBe(5_200)
    expect(
      sumOf(told, 'gongdao_replication_duration_seconds_count', { gongdao_stored: 'false' }),
    ).toBe(1)
    expect(value('gongdao_connections')).toBe(1)
    expect(value('gongdao_handshakes_failed_total')).toBe(1)
    expect(sumOf(told, 'gongdao_breaker_open_ratio', { gongdao_provider: provider })).toBe(1)
    // A service with an address of its own: that it answers again says nothing of its subsystem's others.
    otel.tell({ kind: 'breaker', provider: ServiceId.parse(`${provider}/own`), state: 'closed' })
    expect(
      sumOf(samples(system), 'gongdao_breaker_open_ratio', { gongdao_provider: provider }),
    ).toBe(1)
    expect(
      sumOf(told, 'gongdao_admission_refusals_total', { gongdao_code: 'Server.Overloaded' }),
    ).toBe(1)
    expect(value('gongdao_faults_total')).toBe(1)
  })

  test('of a breaker say that it is open until it is closed again, and go on saying so', () => {
    const system = observed()
    const provider = SubsystemId.parse('TW/GOV/A21030000I/nhi-enrolment')
    const said = (): readonly number[] =>
      samples(system).flatMap(({ labels, name, value }) =>
        name === 'gongdao_breaker_open_ratio' && labels['gongdao_provider'] === provider
          ? [value]
          : [],
      )
    expect(said()).toEqual([])
    for (const [state, open] of [
      ['open', 1],
      // One is asked on trial; everybody else is still refused.
      ['half-open', 1],
      ['open', 1],
      ['closed', 0],
    ] as const) {
      system.otel.tell({ kind: 'breaker', provider, state })
      expect(said()).toEqual([open])
    }
  })

  test('reach the collector under the names of the conventions, and say the same', async () => {
    await using collector = await startCollector()
    const { otel, world } = observed({ collector: towards(collector) })
    await world.exchange(enrolment())
    await otel.close()
    const duration = collector.metrics.get('gongdao.exchange.duration')
    expect(duration).toMatchObject({ unit: 's', points: [{ value: 1 }] })
    expect(duration!.points[0]!.attributes).toMatchObject({ 'gongdao.service': SERVICE })
    expect(collector.metrics.get('http.client.request.duration')?.points).toHaveLength(1)
    for (const name of ['nodejs.eventloop.delay.p99', 'process.memory.usage', 'process.cpu.time']) {
      expect(collector.metrics.get(name)?.points[0]?.value).toBeGreaterThanOrEqual(0)
    }
  })

  test('a stall of the event loop is told to Prometheus and to the collector, whoever asks first', async () => {
    await using collector = await startCollector()
    const system = observed({ collector: towards(collector) })
    await pause(100)
    const end = performance.now() + 300
    while (performance.now() < end);
    await pause(100)
    const scraped = (): number => sumOf(samples(system), 'nodejs_eventloop_delay_max_seconds')
    expect(scraped()).toBeGreaterThan(0.2)
    // Each answer is about the time since the last to the same reader.
    expect(scraped()).toBeLessThan(0.2)
    await system.otel.close()
    const pushed = collector.metrics.get('nodejs.eventloop.delay.max')?.points[0]?.value
    expect(pushed).toBeGreaterThan(0.2)
  })

  test('a method that nobody knows is _OTHER; a connection that ended early has no status', () => {
    const system = observed()
    const request = { kind: 'request', route: 'other', began: 0, ended: 1 } as const
    for (const method of ['PROPFIND', 'A000000018']) {
      system.otel.tell({ ...request, method, status: 405 })
    }
    system.otel.tell({ ...request, method: 'GET', status: undefined })
    const told = samples(system)
    const count = 'http_server_request_duration_seconds_count'
    expect(sumOf(told, count, { http_request_method: '_OTHER' })).toBe(2)
    expect(sumOf(told, count, { error_type: 'aborted' })).toBe(1)
    expect(system.otel.prometheus()).not.toContain('A000000018')
  })
})

describe('a collector', () => {
  test.each([
    ['that hangs', 'hang'] as const,
    ['that fails', 503] as const,
    ['that refuses', 400] as const,
  ])(
    '%s is given up: closing is bounded, and its failure is told',
    async (_, answer) => {
      await using collector = await startCollector()
      collector.answer = answer
      const taken: boolean[] = []
      const { otel, world } = observed({
        collector: towards(collector),
        onExport: (_what, was) => taken.push(was),
      })
      await world.exchange(enrolment())
      const began = performance.now()
      await otel.close()
      expect(performance.now() - began).toBeLessThan(3_000)
      expect(taken).toContain(false)
      expect(taken).not.toContain(true)
    },
    20_000,
  )

  test('that is away costs a bounded queue, and exchanges go on', async () => {
    await using collector = await startCollector()
    collector.answer = 'hang'
    const { otel, world } = observed({ collector: towards(collector) })
    for (let count = 0; count < 1_500; count += 1) await world.exchange(enrolment())
    expect(world.leaves('outcome')).toHaveLength(1_500)
    await otel.close()
    // 512 spans a request, of the 8,192 that may wait.
    expect(collector.raw.length).toBeLessThanOrEqual(20)
  }, 30_000)
})
