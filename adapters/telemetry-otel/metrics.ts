/**
 * The metrics of a gateway, by OpenTelemetry's semantic conventions where they have one, `gongdao.*` otherwise.
 *
 * INVARIANT: labels are ids of the registry and codes of known lists, never the words of a request or an answer, and they are bounded
 * in number: so many of each label (labels.ts), so many series of each metric (series.ts).
 */
import type { Attributes, HrTime } from '@opentelemetry/api'
import type { MetricData } from '@opentelemetry/sdk-metrics'
import {
  STEPS,
  type Committed,
  type ConnectionChanged,
  type ExchangeEnded,
  type ProviderEnd,
  type RefusedEarly,
  type Replicated,
  type RequestEnded,
  type TelemetryEvent,
} from '../../gateway/ports/telemetry.ts'
import { REFUSALS } from '../../policies/refusal.ts'
import { RECORDS, SECONDS, SHORT_SECONDS, TOLD, type ToldName } from './descriptions.ts'
import { Labels, methodLabel, statusLabel } from './labels.ts'
import { Counters, Histograms, gaugeData } from './series.ts'

const ROUTES = {
  exchange: '/r1/{service}',
  receipt: '/exchange/receipts/{exchange}',
} as const

/** Where a service's provider answers, from the configuration. */
export type AddressOf = (service: string) => { readonly host: string; readonly port: number }

export class Metrics {
  readonly #labels = new Labels()
  readonly #addressOf: AddressOf
  readonly #breakers = new Map<string, boolean>()

  readonly #server = histograms('http.server.request.duration', SECONDS)
  readonly #client = histograms('http.client.request.duration', SECONDS)
  readonly #exchange = histograms('gongdao.exchange.duration', SECONDS)
  readonly #step = histograms('gongdao.step.duration', SHORT_SECONDS)
  readonly #sync = histograms('gongdao.ledger.sync.duration', SHORT_SECONDS)
  readonly #batch = histograms('gongdao.ledger.batch.records', RECORDS)
  readonly #replication = histograms('gongdao.replication.duration', SECONDS)
  readonly #refused = counters('gongdao.exchange.refusals')
  readonly #early = counters('gongdao.admission.refusals')
  readonly #codes = counters('gongdao.refusals')
  readonly #written = counters('gongdao.ledger.written')
  readonly #connections = counters('gongdao.connections', false)
  readonly #handshakes = counters('gongdao.handshakes.failed')
  readonly #faults = counters('gongdao.faults')
  readonly #notices = counters('gongdao.notices')

  constructor(addressOf: AddressOf) {
    this.#addressOf = addressOf
    // What has never happened is 0, not absent: a rate needs a beginning.
    for (const counter of [this.#connections, this.#handshakes, this.#faults]) counter.add(0)
    for (const code of Object.keys(REFUSALS)) this.#code(code, 0)
  }

  count(event: TelemetryEvent): void {
    switch (event.kind) {
      case 'request':
        this.#request(event)
        break
      case 'exchange':
        this.#exchangeEnded(event)
        break
      case 'refused':
        this.#refusedEarly(event)
        break
      case 'connection':
        this.#connection(event)
        break
      case 'committed':
        this.#committed(event)
        break
      case 'replicated':
        this.#replicated(event)
        break
      case 'breaker':
        this.#breakers.set(this.#labels.provider(event.provider), event.state !== 'closed')
        break
      case 'fault':
        this.#faults.add(1)
        break
      case 'notice':
        this.#notices.add(1, event.urgency, () => ({ 'gongdao.urgency': event.urgency }))
    }
  }

  collect(from: HrTime, to: HrTime): MetricData[] {
    const breakers = [...this.#breakers].map(([provider, open]) => ({
      value: Number(open),
      attributes: { 'gongdao.provider': provider },
    }))
    return [
      ...this.#all().map((series) => series.collect(from, to)),
      gaugeData({ name: 'gongdao.breaker.open', ...TOLD['gongdao.breaker.open'] }, breakers, to),
    ]
  }

  #all(): readonly (Counters | Histograms)[] {
    return [
      ...[this.#server, this.#client, this.#exchange, this.#step],
      ...[this.#codes, this.#refused, this.#early],
      ...[this.#sync, this.#batch, this.#written, this.#replication],
      ...[this.#connections, this.#handshakes, this.#faults, this.#notices],
    ]
  }

  #request({ began, ended, method, route, status: told }: RequestEnded): void {
    const named = methodLabel(method)
    const status = told === undefined ? undefined : statusLabel(told)
    this.#server.record((ended - began) / 1000, `${named} ${route} ${String(status)}`, () => ({
      'http.request.method': named,
      'url.scheme': 'https',
      ...(route !== 'other' && { 'http.route': ROUTES[route] }),
      ...(status === undefined
        ? { 'error.type': 'aborted' }
        : { 'http.response.status_code': status }),
      ...(status !== undefined && status >= 500 && { 'error.type': String(status) }),
    }))
  }

  #exchangeEnded(event: ExchangeEnded): void {
    const { began, code, effect, ends, outcome } = event
    const service = this.#labels.service(event.service)
    const purpose = this.#labels.purpose(event.purpose)
    const seconds = ((ends.at(-1) ?? began) - began) / 1000
    this.#exchange.record(
      seconds,
      `${service} ${purpose} ${effect ?? ''} ${outcome ?? ''}`,
      () => ({
        'gongdao.service': service,
        'gongdao.purpose': purpose,
        'gongdao.verdict': effect ?? 'none',
        'gongdao.outcome': outcome ?? 'none',
      }),
    )
    if (code !== undefined) {
      this.#refused.add(1, `${service} ${code}`, () => ({
        'gongdao.service': service,
        'gongdao.code': code,
      }))
    }
    if (code !== undefined && !isToldEarly(event)) this.#code(code, 1)
    this.#steps(event)
    // What permitted it had changed: nobody was asked.
    if (event.provider === undefined || event.provider === 'superseded') return
    this.#provider(event, service, event.provider)
  }

  #code(code: string, times: number): void {
    this.#codes.add(times, code, () => ({ 'gongdao.code': code }))
  }

  #steps({ began, ends }: ExchangeEnded): void {
    let from = began
    for (let at = 0; at < ends.length; at += 1) {
      const step = STEPS[at] ?? 'reply'
      const to = ends[at] ?? from
      this.#step.record((to - from) / 1000, step, () => ({ 'gongdao.step': step }))
      from = to
    }
  }

  #provider({ began, ends, method }: ExchangeEnded, service: string, told: ProviderEnd): void {
    const at = STEPS.indexOf('call-provider')
    const from = ends[at - 1] ?? began
    const seconds = ((ends[at] ?? from) - from) / 1000
    const named = methodLabel(method)
    const end = typeof told === 'number' ? statusLabel(told) : told
    this.#client.record(seconds, `${service} ${named} ${end}`, () =>
      this.#providerAttributes(service, named, end),
    )
  }

  #providerAttributes(service: string, method: string, end: ProviderEnd): Attributes {
    const { host, port } = this.#addressOf(service)
    const failed = typeof end !== 'number' || end >= 400
    return {
      'http.request.method': method,
      'server.address': host,
      'server.port': port,
      'gongdao.service': service,
      ...(typeof end === 'number' && { 'http.response.status_code': end }),
      ...(failed && { 'error.type': String(end) }),
    }
  }

  #refusedEarly({ code, member }: RefusedEarly): void {
    const from = this.#labels.member(member)
    this.#code(code, 1)
    this.#early.add(1, `${code} ${from}`, () => ({ 'gongdao.code': code, 'gongdao.member': from }))
  }

  #connection({ change }: ConnectionChanged): void {
    if (change === 'handshake-failed') this.#handshakes.add(1)
    else this.#connections.add(change === 'opened' ? 1 : -1)
  }

  #committed({ bytes, chain, entries, syncMs }: Committed): void {
    const attributes = (): Attributes => ({ 'gongdao.chain': chain })
    this.#sync.record(syncMs / 1000, chain, attributes)
    // A checkpoint that is written by itself is a sync without a record.
    if (entries > 0) this.#batch.record(entries, chain, attributes)
    this.#written.add(bytes, chain, attributes)
  }

  #replicated({ chain, ms, stored }: Replicated): void {
    this.#replication.record(ms / 1000, `${chain} ${String(stored)}`, () => ({
      'gongdao.chain': chain,
      'gongdao.stored': stored,
    }))
  }
}

/** Ended before a decision, or before it was recorded: a `refused` event tells its code as well. */
function isToldEarly({ effect, outcome, status }: ExchangeEnded): boolean {
  return status !== undefined && outcome === undefined && effect !== 'deny'
}

function histograms(name: ToldName, bounds: readonly number[]): Histograms {
  return new Histograms({ name, ...TOLD[name] }, bounds)
}

function counters(name: ToldName, rises = true): Counters {
  return new Counters({ name, ...TOLD[name] }, rises)
}
