/**
 * Load, before step 1: who asks more than its share is told so, and nothing of it is decided, recorded as asked, or sent to anybody.
 * Counted by member and code like all that ends before a decision.
 *
 * It stands before the exchange, so that a provider that is out of order leaves no intent without outcome: no intent is begun.
 */
import type { Peer } from '../../certs/peer.ts'
import type { Refusal } from '../../policies/refusal.ts'
import {
  memberOf,
  type MemberId,
  type ServiceId,
  type SubsystemId,
} from '../../policies/vocabulary.ts'
import type { Call, Reply } from '../exchange/call.ts'
import type { Exchange } from '../exchange/exchange.ts'
import { acceptIn, problem } from '../exchange/problem.ts'
import { splitTarget } from '../exchange/wire/target.ts'
import type { InForce } from '../projections/in-force.ts'
import type { Bulkheads, Busy, Counted, Rates } from '../ports/load.ts'
import { Turns } from './turns.ts'

export interface AdmissionParts {
  /** Undefined: nobody's requests are counted. */
  readonly rates: Rates | undefined
  readonly bulkheads: Bulkheads
  /** Of a service that is not registered only the consumer counts. */
  readonly inForce: () => InForce
  readonly refused: (code: Refusal, member: MemberId) => void
  /** For so long a refusal is held back at least, so that who repeats at once costs little. */
  readonly refuseAfterMs: number
  /** Milliseconds of a clock that only runs forward. */
  readonly now: () => number
  readonly wait: (milliseconds: number) => Promise<void>
}

export interface Admission {
  /** The same exchange, for those who ask within their limits. */
  exchange(exchange: Exchange): Exchange
  /** What is asked of the gateway itself (receipts, metaservices) counts against its consumer alone. */
  readonly own: AdmitOwn
}

/** `accept`: of the request, where a refusal wants to know it. */
export type AdmitOwn = (
  peer: Peer,
  work: () => Promise<Reply>,
  accept: () => string | undefined,
) => Promise<Reply>

/** Between two refusals of one consumer, up to the longest wait: what is refused in one moment is not repeated in one moment. */
const REFUSED_APART_MS = 50
/** The longest wait, beyond what is configured: a place is held meanwhile, and a member has other systems. */
const REFUSED_WITHIN_MS = 4_000

export function makeAdmission(parts: AdmissionParts): Admission {
  const { bulkheads, rates, refuseAfterMs } = parts
  const refusals = new Turns<SubsystemId>(parts.now)
  const held = { after: refuseAfterMs, longest: refuseAfterMs + REFUSED_WITHIN_MS }

  async function refuse({ accept, consumer }: Asking, code: Refusal, told: Told): Promise<Reply> {
    parts.refused(code, memberOf(consumer))
    await parts.wait(refusals.wait(consumer, REFUSED_APART_MS, held))
    const retryAfter = Math.max(1, Math.ceil(told.retryAfterMs / 1000))
    return problem(code, { accept: accept(), retryAfter, headers: told.headers })
  }

  async function within(asking: Asking, work: () => Promise<Reply>): Promise<Reply> {
    const { consumer, service } = asking
    const counted = rates === undefined ? [] : await rates.count(consumer, service)
    const headers = rateLimitHeaders(counted)
    const exceeded = counted.find(({ isExceeded }) => isExceeded)
    if (exceeded !== undefined) {
      const told = { headers, retryAfterMs: exceeded.resetMs }
      return refuse(asking, 'Client.Load.RateLimited', told)
    }
    const turn = rates?.turn(consumer) ?? 0
    if (turn >= 1) await parts.wait(turn)
    const reply = await bulkheads.run(consumer, service, work)
    if (isBusy(reply)) return refuse(asking, reply.code, { ...reply, headers })
    return headers.length === 0 ? reply : { ...reply, headers: [...reply.headers, ...headers] }
  }

  return {
    exchange: (exchange) => (call) => within(askingOf(call, parts), () => exchange(call)),
    own: ({ subsystem }, work, accept) =>
      within({ consumer: subsystem, service: undefined, accept }, work),
  }
}

interface Asking {
  readonly consumer: SubsystemId
  readonly service: ServiceId | undefined
  readonly accept: () => string | undefined
}

function askingOf(call: Call, parts: AdmissionParts): Asking {
  return {
    consumer: call.peer.subsystem,
    service: serviceOf(call, parts),
    accept: () => acceptIn(call.headers),
  }
}

interface Told {
  readonly retryAfterMs: number
  readonly headers: readonly string[]
}

function isBusy(answer: Reply | Busy): answer is Busy {
  return 'kind' in answer
}

function serviceOf(call: Call, { inForce }: AdmissionParts): ServiceId | undefined {
  const target = splitTarget(call.path)
  if (target.kind === 'refused') return undefined
  return inForce().service(target.service)?.document.id
}

/**
 * draft-ietf-httpapi-ratelimit-headers-10: two lists of structured fields (RFC 9651). `q` requests in `w` seconds; `r` are left, and
 * after `t` seconds there are all of them again.
 */
export function rateLimitHeaders(counted: readonly Counted[]): readonly string[] {
  if (counted.length === 0) return []
  const policies = counted.map(({ of, quota }) => {
    return `"${of}";q=${String(quota.requests)};w=${String(quota.withinSeconds)}`
  })
  const limits = counted.map(({ of, remaining, resetMs }) => {
    return `"${of}";r=${String(remaining)};t=${String(Math.max(0, Math.ceil(resetMs / 1000)))}`
  })
  return ['RateLimit-Policy', policies.join(', '), 'RateLimit', limits.join(', ')]
}
