/**
 * What one exchange leaves for telemetry: when each step ended, and what it came to. One small object for an exchange, told
 * once; where telemetry is off there is none.
 */
import type { Refusal } from '../../policies/refusal.ts'
import type { ExchangeId, PurposeCode, ServiceId, SubsystemId } from '../../policies/vocabulary.ts'
import type { OutcomeKind } from '../ledger/events.ts'
import type { Chance } from '../ports/clock.ts'
import {
  NO_TELEMETRY,
  type ExchangeEnded,
  type ExchangeTrace,
  type ProviderEnd,
  type Telemetry,
} from '../ports/telemetry.ts'
import type { Asked } from './1-identify.ts'
import type { Decided } from './2-decide.ts'
import type { Denied, Intent } from './3-record-intent.ts'
import type { Asking } from './4-call-provider.ts'
import type { Minimised } from './5-minimise.ts'
import type { RecordedOutcome } from './6-record-outcome.ts'
import type { Call, Reply } from './call.ts'
import type { Ended } from './ended.ts'
import { faultCode } from './fault-code.ts'
import type { ExchangeParts } from './parts.ts'
import { readTraceContext } from './wire/trace-context.ts'

export interface Trail {
  readonly trace: ExchangeTrace | undefined
  /** A step is past: its time and what it came to are noted, and it is handed on. */
  past<T extends StepResult>(result: T): T
  /** The last step is past. */
  end(reply: Reply): Reply
  /** The exchange ended in a fault of our own. */
  fault(fault: unknown): void
}

type StepResult = Asked | Decided | Ended | Intent | Denied | Asking | Minimised | RecordedOutcome

export function beginTrail(call: Call, parts: ExchangeParts): Trail {
  return parts.telemetry === NO_TELEMETRY ? NO_TRAIL : new KeptTrail(call, parts)
}

const NO_TRAIL: Trail = {
  trace: undefined,
  past: (result) => result,
  end: (reply) => reply,
  fault: () => undefined,
}

class KeptTrail implements Trail, ExchangeEnded {
  readonly kind = 'exchange'
  readonly consumer: SubsystemId
  readonly method: string
  exchange: ExchangeId | undefined = undefined
  service: ServiceId | undefined = undefined
  purpose: PurposeCode | undefined = undefined
  effect: 'permit' | 'deny' | undefined = undefined
  code: Refusal | undefined = undefined
  outcome: OutcomeKind | undefined = undefined
  status: number | undefined = undefined
  provider: ProviderEnd | undefined = undefined
  readonly began: number
  readonly ends: number[] = []
  readonly trace: ExchangeTrace | undefined
  readonly #telemetry: Telemetry

  constructor(call: Call, { chance, telemetry }: ExchangeParts) {
    this.#telemetry = telemetry
    this.began = telemetry.now()
    this.consumer = call.peer.subsystem
    this.method = call.method
    this.trace =
      telemetry.sampling === undefined ? undefined : traceOf(call, chance, telemetry.sampling)
  }

  past<T extends StepResult>(result: T): T {
    this.ends.push(this.#telemetry.now())
    this.#note(result)
    return result
  }

  end(reply: Reply): Reply {
    this.ends.push(this.#telemetry.now())
    this.status = reply.status
    this.#telemetry.tell(this)
    return reply
  }

  fault(fault: unknown): void {
    this.ends.push(this.#telemetry.now())
    this.code = faultCode(fault)
    this.#telemetry.tell(this)
  }

  #note(result: StepResult): void {
    switch (result.kind) {
      case 'asked':
        this.exchange = result.exchange
        this.service = result.service.id
        break
      case 'decided':
        this.purpose = result.decision.purpose
        this.effect = result.decision.effect
        break
      case 'ended':
        this.code = result.code
        break
      case 'denied':
        this.code = result.decided.decision.refusals[0]
        break
      case 'recorded':
        this.outcome = result.outcome
        this.code = result.reason
        break
      case 'intent':
      case 'minimised':
        break
      case 'answered':
      case 'not-sent':
      case 'unanswered':
      case 'superseded':
      case 'faulted':
        this.provider = providerEnd(result)
    }
  }
}

function providerEnd(asking: Asking): ProviderEnd {
  switch (asking.kind) {
    case 'answered':
      return asking.status
    case 'not-sent':
    case 'unanswered':
      return asking.why
    case 'superseded':
    case 'faulted':
      return asking.kind
  }
}

/**
 * Sampled by our own random id, never by the caller's or by its flag: a consumer must not choose what our telemetry costs. The
 * flag that it sent goes on all the same (W3C Trace Context 3.2.2.5, a decision that is made later).
 */
function traceOf(call: Call, chance: Chance, share: number): ExchangeTrace {
  const random = chance.bytes(SPAN_BYTES)
  const sampled = random.readUInt32BE(0) < share * 2 ** 32
  const caller = readTraceContext(call.headers)
  return {
    traceId: caller?.traceId ?? chance.bytes(TRACE_BYTES).toString('hex'),
    spanId: random.toString('hex'),
    parentId: caller?.parentId,
    sampled,
    flag: sampled || caller?.sampled === true,
    state: caller?.state,
  }
}

const SPAN_BYTES = 8
const TRACE_BYTES = 16
