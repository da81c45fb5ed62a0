/** What other parts say when they are asked: names and units of the port's gauges. */
import type { HrTime } from '@opentelemetry/api'
import type { MetricData } from '@opentelemetry/sdk-metrics'
import type { Gauge, GaugeName } from '../../gateway/ports/telemetry.ts'
import { gaugeData, type Reading } from './series.ts'

interface Meaning {
  readonly unit: string
  readonly description: string
}

const SECONDS = 's'

export const GAUGES: Readonly<Record<GaugeName, Meaning>> = {
  'gongdao.ledger.queue.records': {
    unit: '{record}',
    description: 'Records that wait for the journal',
  },
  'gongdao.ledger.queue.size': { unit: 'By', description: 'Bytes that wait for the journal' },
  'gongdao.ledger.queue.age': {
    unit: SECONDS,
    description: 'How long the oldest record has waited for the journal',
  },
  'gongdao.ledger.accepts': {
    unit: '1',
    description: '1 while the ledger accepts new exchanges, 0 while they are refused',
  },
  'gongdao.ledger.records': {
    unit: '{record}',
    description: 'Size of the exchange chain of this process',
  },
  'gongdao.replication.backlog.records': {
    unit: '{record}',
    description: 'Records of the journal that are not replicated yet',
  },
  'gongdao.replication.backlog.size': {
    unit: 'By',
    description: 'Bytes of the journal that are not replicated yet',
  },
  'gongdao.replication.backlog.age': {
    unit: SECONDS,
    description: 'How long the oldest record has waited for its replicas',
  },
  'gongdao.revocations.age': {
    unit: SECONDS,
    description: 'Time since the revocation list in use was issued',
  },
  'gongdao.revocations.overdue': {
    unit: SECONDS,
    description: 'Time since the next revocation list was due; negative while it is not',
  },
  'gongdao.consent.closed': {
    unit: '{agreement}',
    description: "Agreements in force that rest on consent while nobody's consent can be read",
  },
  'gongdao.certificate.remaining': {
    unit: SECONDS,
    description: "Time until the gateway's own certificate ends; negative when it has",
  },
  'gongdao.kafka.certificate.remaining': {
    unit: SECONDS,
    description:
      'Time until a certificate for Kafka, or the last of the authorities trusted there, ends; negative when it has, 0 when none is in force',
  },
  'gongdao.witness.age': {
    unit: SECONDS,
    description: 'Time since a witness last cosigned a checkpoint',
  },
  'gongdao.witness.behind': {
    unit: SECONDS,
    description: 'How long the oldest checkpoint has waited for its cosignatures',
  },
  'gongdao.timestamp.age': {
    unit: SECONDS,
    description: 'Time since a timestamp last covered the chains',
  },
  'gongdao.verified.age': {
    unit: SECONDS,
    description: 'Time since gongdao verify last found nothing wrong in this data folder',
  },
  'gongdao.health.degraded': { unit: '{check}', description: 'Parts that go on, but not for ever' },
  'gongdao.health.failing': {
    unit: '{check}',
    description: 'Parts because of which exchanges are refused',
  },
  'gongdao.log.dropped': { unit: '{line}', description: 'Log lines that found no room' },
  'gongdao.telemetry.failures': {
    unit: '{export}',
    description: 'Exports that the collector did not take',
  },
}

/** One that is not told is left out: 0 would be an answer. */
export function gaugesData(gauges: readonly Gauge[], to: HrTime): MetricData[] {
  const byName = Map.groupBy(gauges, ({ name }) => name)
  return [...byName].map(([name, told]) =>
    gaugeData({ name, ...GAUGES[name] }, told.map(readingOf), to),
  )
}

function readingOf(gauge: Gauge): Reading {
  const { value } = gauge
  if (!('certificate' in gauge)) return { value }
  return { value, attributes: { 'gongdao.certificate': gauge.certificate } }
}
