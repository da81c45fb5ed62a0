/** What a gateway says of itself when telemetry asks: what waits, how old what it rests on is, what health found. */
import { X509Certificate } from 'node:crypto'
import type { Health } from '../gateway/ports/health.ts'
import type { Clock } from '../gateway/ports/clock.ts'
import type { Gauge, Gauges } from '../gateway/ports/telemetry.ts'
import { closedForConsent } from './consent-check.ts'
import type { Core } from './open-core.ts'
import { readVerified, verifiedAge } from './verified-mark.ts'

export interface Observed {
  /** The data folder: `gongdao verify` leaves its mark there. */
  readonly data: string
  readonly core: Core
  readonly clock: Clock
  readonly health: Health
}

interface Asked extends Observed {
  /** Of telemetry: the clock by which the ledger's queue waits. */
  readonly now: () => number
}

export function coreGauges(asked: Asked): Gauges {
  return () => [
    ...ledger(asked),
    ...replication(asked),
    ...identity(asked),
    consent(asked),
    ...kafka(asked),
    ...anchors(asked),
    ...verified(asked),
    ...findings(asked.health),
  ]
}

function ledger({ core, now }: Asked): Gauge[] {
  const { bytes, records, since } = core.backlog()
  return [
    { name: 'gongdao.ledger.queue.records', value: records },
    { name: 'gongdao.ledger.queue.size', value: bytes },
    { name: 'gongdao.ledger.queue.age', value: since === undefined ? 0 : (now() - since) / 1000 },
    { name: 'gongdao.ledger.accepts', value: core.refusal() === undefined ? 1 : 0 },
    { name: 'gongdao.ledger.records', value: core.ledger.head().size },
  ]
}

/** Where no log servers are configured there is no backlog. */
function replication({ core }: Asked): Gauge[] {
  if (core.replication === undefined) return []
  const { ageMs, bytes, records } = core.replication.backlog()
  return [
    { name: 'gongdao.replication.backlog.records', value: records },
    { name: 'gongdao.replication.backlog.size', value: bytes },
    { name: 'gongdao.replication.backlog.age', value: seconds(ageMs) },
  ]
}

function identity({ clock, core }: Asked): Gauge[] {
  const now = clock.now()
  const ends = new X509Certificate(core.identity.tls.cert).validToDate.getTime()
  const gauges: Gauge[] = [{ name: 'gongdao.certificate.remaining', value: seconds(ends - now) }]
  const list = core.identity.revocationList()
  if (list === undefined) return gauges
  return [
    ...gauges,
    { name: 'gongdao.revocations.age', value: seconds(now - list.thisUpdate) },
    { name: 'gongdao.revocations.overdue', value: seconds(now - list.nextUpdate) },
  ]
}

function consent({ clock, core }: Asked): Gauge {
  return { name: 'gongdao.consent.closed', value: closedForConsent(core, clock.now()).length }
}

/** Where nothing that could be shown or trusted is in force, no time is left. */
function kafka({ clock, core }: Asked): Gauge[] {
  const now = clock.now()
  return (core.kafka?.ends(now) ?? []).map(({ at = now, certificate }) => ({
    name: 'gongdao.kafka.certificate.remaining',
    value: seconds(at - now),
    certificate,
  }))
}

function anchors({ clock, core }: Asked): Gauge[] {
  const now = clock.now()
  const gauges: Gauge[] = []
  const stamped = core.anchors()?.last?.at
  if (stamped !== undefined) {
    gauges.push({ name: 'gongdao.timestamp.age', value: seconds(now - stamped) })
  }
  const { behindMs, lastCosigned, require } = core.witnessing.status()
  if (require > 0) gauges.push({ name: 'gongdao.witness.behind', value: seconds(behindMs) })
  if (lastCosigned !== undefined) {
    gauges.push({ name: 'gongdao.witness.age', value: seconds(now - lastCosigned) })
  }
  return gauges
}

/** Where nobody has verified this ledger yet there is no age. */
function verified({ clock, core, data }: Asked): Gauge[] {
  const mark = readVerified(data)
  const age = mark && verifiedAge(mark, core.registry.head(), clock.now())
  return age === undefined ? [] : [{ name: 'gongdao.verified.age', value: seconds(age) }]
}

function findings(health: Health): Gauge[] {
  const { checks } = health.report()
  const count = (state: 'degraded' | 'failing'): number =>
    checks.filter((check) => check.state === state).length
  return [
    { name: 'gongdao.health.degraded', value: count('degraded') },
    { name: 'gongdao.health.failing', value: count('failing') },
  ]
}

function seconds(milliseconds: number): number {
  return milliseconds / 1000
}
