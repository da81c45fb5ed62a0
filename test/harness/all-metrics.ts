/** Everything that a gateway can ever export, from the real adapter: one event of each kind, and every gauge. */
import { GAUGES } from '../../adapters/telemetry-otel/gauges.ts'
import { OpenTelemetry } from '../../adapters/telemetry-otel/open.ts'
import {
  KAFKA_CERTIFICATES,
  type Gauge,
  type GaugeName,
  type TelemetryEvent,
} from '../../gateway/ports/telemetry.ts'
import { PurposeCode, ServiceId, SubsystemId } from '../../policies/vocabulary.ts'
import { samplesIn, type Sample } from './prometheus.ts'

const EVENTS: readonly TelemetryEvent[] = [
  { kind: 'request', method: 'GET', route: 'exchange', status: 503, began: 0, ended: 1 },
  {
    kind: 'exchange',
    consumer: SubsystemId.parse('TW/GOV/A17000000J/labour-insurance'),
    method: 'GET',
    exchange: undefined,
    service: ServiceId.parse('TW/GOV/A21030000I/nhi-enrolment/enrolment'),
    purpose: PurposeCode.parse('031'),
    effect: 'permit',
    code: 'Server.Provider.Timeout',
    outcome: 'unanswered',
    status: 504,
    provider: 'timeout',
    began: 0,
    ends: [1, 2, 3, 4, 5, 6, 7],
    trace: undefined,
  },
  { kind: 'refused', code: 'Server.Overloaded', member: 'nobody', by: 'door' },
  { kind: 'connection', change: 'opened' },
  { kind: 'committed', chain: 'exchange', entries: 1, bytes: 1, syncMs: 1 },
  { kind: 'replicated', chain: 'exchange', entries: 1, ms: 1, stored: false },
  {
    kind: 'breaker',
    provider: SubsystemId.parse('TW/GOV/A21030000I/nhi-enrolment'),
    state: 'open',
  },
  { kind: 'fault', fault: undefined, exchange: undefined },
  { kind: 'notice', urgency: 'today', sentence: '' },
]

export async function allMetrics(): Promise<Sample[]> {
  const otel = new OpenTelemetry({
    gateway: 'TW/GOV/GONGDAO/gateway-1',
    version: '0',
    addressOf: () => ({ host: 'provider.example', port: 443 }),
    gauges: allGauges,
  })
  for (const event of EVENTS) otel.tell(event)
  const samples = samplesIn(otel.prometheus())
  await otel.close()
  return samples
}

function allGauges(): Gauge[] {
  const names = Object.keys(GAUGES) as GaugeName[]
  return names.flatMap((name): Gauge[] => {
    if (name !== 'gongdao.kafka.certificate.remaining') return [{ name, value: 0 }]
    return KAFKA_CERTIFICATES.map((certificate) => ({ name, value: 0, certificate }))
  })
}
