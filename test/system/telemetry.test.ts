/**
 * A whole gateway with everything on: a real collector, Prometheus's text over HTTP, the log in a file. What happens to it is to be
 * seen there, in readiness and in the alerts; whose data passes is not.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { ADMISSION } from '../../deploy/config/admission.ts'
import { HEALTH_BOUNDS } from '../../deploy/config/health.ts'
import type { GatewayConfig } from '../../deploy/config.ts'
import { latestTaxYear, scenarios } from '../../deploy/demo/scenarios.ts'
import { openTelemetry, type OpenedTelemetry } from '../../deploy/open-telemetry.ts'
import { keepVerified } from '../../deploy/verified-mark.ts'
import { explain } from '../../gateway/console/explain.ts'
import type { DecisionRecord } from '../../gateway/ledger/events.ts'
import type { JsonObject } from '../../policies/canonical-json.ts'
import { agreeAnew } from '../harness/agree-anew.ts'
import { firing, seriesOf } from '../harness/alerts.ts'
import { audit, recordsOf } from '../harness/audit.ts'
import { spellings } from '../harness/canary-search.ts'
import { startCollector, type Collector } from '../harness/collector.ts'
import { CANARIES, HOUSEHOLD } from '../harness/departments.ts'
import type { FaultBroker } from '../harness/fault-broker/fault-broker.ts'
import { samplesIn, sumOf, type Sample } from '../harness/prometheus.ts'
import { brokerWithTopics, PREFIX } from '../harness/replicated-ledger.ts'
import { headerOf, startSystem, type System } from '../harness/system.ts'
import { testNeeding } from '../house/needs.ts'

class Watched {
  readonly system: System
  readonly collector: Collector
  readonly telemetry: OpenedTelemetry
  readonly #folder: string
  readonly #health: System['gateway']['health']

  private constructor(
    parts: Pick<Watched, 'system' | 'collector' | 'telemetry'> & { readonly folder: string },
  ) {
    this.system = parts.system
    this.collector = parts.collector
    this.telemetry = parts.telemetry
    this.#folder = parts.folder
    this.#health = parts.system.gateway.health
  }

  static async start(
    config: Partial<GatewayConfig> = {},
    prepare: (data: string) => void = () => undefined,
  ): Promise<Watched> {
    const folder = mkdtempSync(join(tmpdir(), 'gongdao-watched-'))
    const collector = await startCollector()
    const health = { host: '127.0.0.1', port: 0, ...HEALTH_BOUNDS }
    let telemetry: OpenedTelemetry | undefined
    const system = await startSystem({
      config: () => ({ health, ...config }),
      prepare,
      observer: (whole) =>
        (telemetry = openTelemetry(whole, {
          traceShare: 1,
          collector: { url: collector.url, everyMs: 600_000 },
          log: { level: 'debug', file: join(folder, 'log') },
        })),
    })
    return new Watched({ system, collector, telemetry: telemetry!, folder })
  }

  async read(path: '/metrics' | '/readyz'): Promise<{ status: number; text: string }> {
    const response = await fetch(new URL(path, this.system.gateway.health.url))
    return { status: response.status, text: await response.text() }
  }

  async samples(): Promise<Sample[]> {
    return samplesIn((await this.read('/metrics')).text)
  }

  get log(): string {
    return readFileSync(join(this.#folder, 'log'), 'utf8')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { departments } = this.system
    // A gateway that a test broke can't always be closed well.
    await this.system[Symbol.asyncDispose]().catch(async () => {
      await this.#health.close()
      await departments.close().catch(() => undefined)
    })
    await this.telemetry.close()
    await this.collector[Symbol.asyncDispose]()
    rmSync(this.#folder, { recursive: true })
  }
}

let watched: Watched
let broker: FaultBroker | undefined

afterEach(async () => {
  // Whatever waits for them can be sent, and the gateway closes.
  await broker?.start()
  await watched[Symbol.asyncDispose]()
  await broker?.stop()
  broker = undefined
})

test('nobody who is asked about is found in traces, metrics or the log, in any spelling, whatever outsiders send', async () => {
  watched = await Watched.start()
  const { collector, system, telemetry } = watched
  for (const { name } of scenarios(latestTaxYear(Date.now()))) await system.run(name)
  const hex = Buffer.from('A000000018xxxxxx').toString('hex')
  await system.run('household', {
    headers: {
      traceparent: `00-${hex}-00f067aa0ba902b7-01`,
      tracestate: 'a=A000000018',
      'X-Road-Id': 'A300000014',
      'X-Road-UserId': 'TWA300000014',
      'Idempotency-Key': '"F300000037"',
    },
  })
  await system.run('S3', { headers: { traceparent: '00-A300000014', tracestate: 'A300000014=1' } })
  await system.run('S3', {
    headers: {
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      tracestate: 'a=A000000018',
    },
  })
  const mark = Buffer.from('EVILMARK').toString('hex')
  const digits = 'a000000018'.padStart(32, '0')
  for (const ids of [`4bf92f3577b34da6a3ce929d0e0e4736-${mark}`, `${digits}-00f067aa0ba902b7`]) {
    await system.run('S3', { headers: { traceparent: `00-${ids}-01` } })
  }
  await system.run('S3', { path: '/r1/TW/GOV/A300000014/x/A000000018' })
  await system.run('S3', { headers: { 'Exchange-Fields': 'A000000018' } })
  system.departments.enrolment.answer = () => ({
    status: 500,
    headers: { 'x-person': 'A000000018' },
    body: '{"error":{"code":"A000000018"}}',
  })
  await system.run('S3')
  system.departments.enrolment.answer = () => ({ body: '{"subjectId":"F300000037","A000000018":1' })
  await system.run('S3')
  const { text } = await watched.read('/metrics')
  const { text: ready } = await watched.read('/readyz')
  await system.stop()
  await telemetry.close()

  const places = [Buffer.concat(collector.raw), Buffer.from(text + ready), Buffer.from(watched.log)]
  const found = (value: string): string[] =>
    [...spellings(value)].flatMap(([spelling, bytes]) =>
      places.some((place) => place.includes(bytes)) ? [`${value} (${spelling})`] : [],
    )
  expect([...CANARIES, 'EVILMARK'].flatMap(found)).toEqual([])
  expect(collector.spans.map(({ traceId }) => traceId)).not.toContain(digits)
  // The search finds what is there, in each of the three.
  for (const place of places.slice(0, 1)) expect(place.includes('nhi-enrolment')).toBe(true)
  expect(text).toContain('nhi-enrolment')
  expect(watched.log).toContain('nhi-enrolment')
}, 60_000)

test('an auditor gets from a record to its trace and from a trace to its record', async () => {
  watched = await Watched.start()
  const { collector, system, telemetry } = watched
  for (const name of ['S3', 'household', 'S1']) await system.run(name)
  const received = system.departments.enrolment.received[0]!
  const { data } = system
  await system.stop()
  await telemetry.close()
  const { leaves } = await audit(data)
  const records = [...recordsOf(leaves, 'intent'), ...recordsOf(leaves, 'denial')]
  const decisions = records as unknown as DecisionRecord[]
  const exchanges = collector.spans.filter(({ name }) => name === 'exchange')
  expect(exchanges).toHaveLength(decisions.length)
  for (const { exchange, span } of decisions) {
    const trace = exchanges.find(({ spanId }) => spanId === span)
    expect(trace?.attributes['gongdao.exchange.id']).toBe(exchange)
  }
  for (const decision of decisions) {
    expect(explain(decision, undefined, undefined).lines).toContainEqual(['span', decision.span])
  }
  const spans = exchanges.map(({ spanId, traceId }) => `00-${traceId}-${spanId}-01`)
  expect(spans).toContain(received.headers['traceparent'])
}, 60_000)

test('Prometheus reads the gateway over HTTP: exchanges, batches, syncs, connections', async () => {
  watched = await Watched.start()
  const { system } = watched
  const before = await watched.samples()
  for (let count = 0; count < 5; count += 1) await system.run('S3')
  const after = await watched.samples()
  const risen = (name: string, labels = {}): number =>
    sumOf(after, name, labels) - sumOf(before, name, labels)
  expect(risen('gongdao_exchange_duration_seconds_count')).toBe(5)
  expect(risen('http_server_request_duration_seconds_count')).toBe(5)
  expect(risen('http_client_request_duration_seconds_count')).toBe(5)
  // Ten of exchanges, and a `heads` leaf where the registry has grown.
  expect(risen('gongdao_ledger_batch_records_sum')).toBe(risen('gongdao_ledger_records'))
  const SYNCS = 'gongdao_ledger_sync_duration_seconds_count'
  expect(risen(SYNCS, { gongdao_chain: 'exchange' })).toBe(10)
  // The start recorded documents, rules and the genesis there.
  expect(sumOf(before, SYNCS, { gongdao_chain: 'registry' })).toBeGreaterThan(2)
  expect(risen('gongdao_ledger_records')).toBeGreaterThanOrEqual(10)
  expect(sumOf(after, 'gongdao_ledger_accepts_ratio')).toBe(1)
  const names = (samples: readonly Sample[]): readonly string[] => samples.map(({ name }) => name)
  expect(names(after)).not.toContain('gongdao_verified_age_seconds')
  // What was left by the verification of another ledger says nothing of this one.
  keepVerified(system.data, { at: Date.now() - 60_000, chains: { 'XX/registry': 1 } })
  expect(names(await watched.samples())).not.toContain('gongdao_verified_age_seconds')
  keepVerified(system.data, { at: Date.now() - 60_000, chains: { 'TW/registry': 1 } })
  const age = sumOf(await watched.samples(), 'gongdao_verified_age_seconds')
  expect([age >= 60, age < 120]).toEqual([true, true])
  expect(sumOf(after, 'gongdao_revocations_overdue_seconds')).toBeLessThan(0)
  expect(sumOf(after, 'gongdao_health_failing')).toBe(0)
  expect(after.map(({ labels }) => labels['server_address'])).toContain('127.0.0.1')
}, 60_000)

interface Row {
  readonly name: string
  readonly config?: () => Partial<GatewayConfig>
  readonly prepare?: (data: string) => void
  readonly happens: (system: System) => Promise<void>
  readonly goesOn?: (system: System) => Promise<void>
  readonly alerts: readonly string[]
  /** What `/readyz` answers, and a word of what it says. */
  readonly ready: readonly [number, string]
  /** What a line of the log says that somebody has to mend it by. */
  readonly line?: string
}

async function ask(system: System, times: number): Promise<void> {
  for (let count = 0; count < times; count += 1) await system.run('S3')
}

/** Design §6, "When something fails". */
const ROWS: readonly Row[] = [
  {
    name: 'the ledger takes nothing more',
    happens: async (system) => {
      await system.gateway.core.ledger.close()
      await ask(system, 2)
    },
    goesOn: (system) => ask(system, 2),
    alerts: ['GongdaoLedgerRefuses', 'GongdaoHealthFailing'],
    ready: [503, 'ledger'],
    line: 'gongdao status says why',
  },
  {
    name: 'the log servers are away, and more waits for them than may',
    config: () => ({
      replication: {
        ...{ brokers: [broker!.address], prefix: PREFIX, partitions: 1, copies: 1 },
        ...{ durability: 'journal', writer: {}, reader: {}, readBackMs: 60_000 },
        // The first start alone brings two dozen leaves of the registry.
        backlog: { records: 40, bytes: 10_000_000, ms: 60_000 },
      },
    }),
    happens: async (system) => {
      await broker!.stop()
      let status = 200
      for (let count = 0; count < 60 && status === 200; count += 1) {
        status = (await system.run('S3')).status
      }
      expect(status).toBe(503)
      // GongdaoReplicationBehind looks at how old it is; half a minute is not waited for here.
      const samples = await watched.samples()
      expect(sumOf(samples, 'gongdao_replication_backlog_records')).toBeGreaterThan(40)
      expect(sumOf(samples, 'gongdao_replication_backlog_age_seconds')).toBeGreaterThan(0)
    },
    goesOn: (system) => ask(system, 1),
    alerts: ['GongdaoLedgerRefuses', 'GongdaoHealthFailing'],
    ready: [503, 'too much waits to be replicated'],
    line: 'gongdao status says why',
  },
  {
    name: 'the key store does not answer',
    happens: async (system) => {
      system.gateway.core.keys.close()
      await ask(system, 2)
    },
    alerts: ['GongdaoKeysUnavailable', 'GongdaoHealthFailing'],
    ready: [503, 'key store'],
    line: 'keys.sqlite',
  },
  {
    name: 'the revocation list is older than its grace',
    happens: async (system) => {
      const list = system.gateway.core.identity.revocationList()
      system.clockAheadMs = list!.nextUpdate + 3_600_000 + 1_000 - Date.now()
      await ask(system, 2)
    },
    goesOn: (system) => ask(system, 2),
    alerts: ['GongdaoRevocationListOverdue', 'GongdaoRevocationListStale', 'GongdaoHealthFailing'],
    ready: [503, 'revocation list'],
    line: 'publish a revocation list',
  },
  {
    name: 'consent can not be read',
    happens: async (system) => {
      agreeAnew(system.data, 'enrolment-for-labour-insurance.json', (agreement) => ({
        ...agreement,
        collect: { ...(agreement['collect'] as JsonObject), basis: 'PDPA-15-2' },
        disclose: { ...(agreement['disclose'] as JsonObject), basis: 'PDPA-16-7' },
      }))
      expect(sumOf(await watched.samples(), 'gongdao_consent_closed')).toBe(0)
      expect(await system.gateway.reload()).toMatchObject({ kind: 'reloaded' })
      const refused = await system.run('S3')
      expect([refused.status, headerOf(refused, 'x-road-error')]).toEqual([
        403,
        'Client.Policy.NoBasis',
      ])
      // What rests on the law alone is not affected.
      expect((await system.run('household')).status).toBe(200)
    },
    goesOn: (system) => ask(system, 1),
    alerts: ['GongdaoConsentClosed', 'GongdaoHealthDegraded'],
    ready: [200, 'AG-S3-ENROLMENT. Whoever asks under them is refused'],
  },
  {
    name: 'a provider shows the certificate of another',
    happens: async (system) => {
      system.departments.enrolment.present(system.world.identityOf('subsystem', HOUSEHOLD))
      await ask(system, 2)
    },
    goesOn: (system) => ask(system, 2),
    alerts: ['GongdaoProviderFails'],
    ready: [200, 'ok'],
    line: 'tell the provider before anything else',
  },
  {
    name: 'a provider is too slow',
    prepare: (data) => {
      const file = join(data, 'documents/services/nhi-enrolment.json')
      const text = readFileSync(file, 'utf8')
      writeFileSync(file, text.replace(/"deadlineMs": \d+/, '"deadlineMs": 200'))
    },
    happens: async (system) => {
      const { enrolment } = system.departments
      enrolment.answer = () => Promise.race([])
      await ask(system, 2)
      // Its neighbour is not affected.
      expect((await system.run('household')).status).toBe(200)
    },
    goesOn: (system) => ask(system, 2),
    alerts: ['GongdaoProviderFails'],
    ready: [200, 'ok'],
    line: 'Server.Provider.Timeout',
  },
  {
    name: 'a provider is gone, and is not asked any more',
    happens: async (system) => {
      await system.departments.close()
      await ask(system, ADMISSION.breaker.failuresInARow + 2)
    },
    goesOn: (system) => ask(system, 2),
    alerts: ['GongdaoProviderNotAsked'],
    ready: [200, 'provider'],
    line: 'is not asked for a while; tell its operator',
  },
  {
    name: 'a provider answers about somebody else',
    happens: async (system) => {
      system.departments.enrolment.answer = () => ({
        body: '{"subjectId":"A000000027","isInsured":true}',
      })
      await ask(system, 1)
    },
    alerts: ['GongdaoProviderWrongSubject'],
    ready: [200, 'ok'],
    line: 'answered about another person',
  },
  {
    name: 'the disk runs full',
    config: () => ({
      health: { host: '127.0.0.1', port: 0, ...HEALTH_BOUNDS, diskFreeBytes: 2 ** 50 },
    }),
    happens: (system) => ask(system, 1),
    alerts: ['GongdaoHealthDegraded'],
    ready: [200, 'are free below the data folder'],
  },
  {
    name: 'something computes for long',
    happens: async () => {
      for (let count = 0; count < 3; count += 1) {
        const end = performance.now() + 400
        while (performance.now() < end);
        await new Promise<void>((resolve) => {
          setTimeout(resolve, 5)
        })
      }
    },
    alerts: ['GongdaoEventLoopBlocked'],
    ready: [200, 'event loop'],
  },
]

for (const row of ROWS) {
  testNeeding('promtool')(
    `when ${row.name}: the metric moves, readiness says so, the alert fires, the log says what to do`,
    async () => {
      broker = row.name.includes('log servers') ? await brokerWithTopics() : undefined
      watched = await Watched.start(row.config?.(), row.prepare)
      const { system, telemetry } = watched
      await ask(system, 2)
      const looks = [await watched.samples()]
      await row.happens(system)
      looks.push(await watched.samples())
      if (row.goesOn !== undefined) {
        await row.goesOn(system)
        looks.push(await watched.samples())
      }
      const { status, text } = await watched.read('/readyz')
      const fired = firing(seriesOf(...looks), '11m', '13m', '16m', '27m')
      expect(fired).toEqual(expect.arrayContaining(row.alerts.map((name) => `${name} gateway-1`)))
      expect([status, text]).toEqual([row.ready[0], expect.stringContaining(row.ready[1])])
      await telemetry.close()
      if (row.line !== undefined) expect(watched.log).toContain(row.line)
    },
    60_000,
  )
}
