/**
 * Load, before step 1: who asks more than its share is told so, and nothing of it is decided, recorded as asked, or sent to anybody.
 * Counted by member and code like all that ends before a decision.
 *
 * It stands before the exchange, so that a provider that is out of order leaves no intent without outcome: no intent is begun.
 */
import type { Refusal } from '../../policies/refusal.ts'
import { memberOf, type MemberId, type ServiceId } from '../../policies/vocabulary.ts'
import type { Call, Reply } from '../exchange/call.ts'
import type { Exchange } from '../exchange/exchange.ts'
import { acceptIn, problem } from '../exchange/problem.ts'
import { splitTarget } from '../exchange/wire/target.ts'
import type { InForce } from '../projections/in-force.ts'
import type { Bulkheads, Busy, Counted, Rates } from '../ports/load.ts'

export interface AdmissionParts {
  /** Undefined: nobody's requests are counted. */
  readonly rates: Rates | undefined
  readonly bulkheads: Bulkheads
  /** Of a service that is not registered only the consumer counts. */
  readonly inForce: () => InForce
  readonly refused: (code: Refusal, member: MemberId) => void
  /** Resolves after the time for which a refusal is held back, so that who repeats at once costs little. */
  readonly holdBack: () => Promise<void>
}

export function admitWithin(parts: AdmissionParts, exchange: Exchange): Exchange {
  const { bulkheads, rates } = parts

  async function refuse(call: Call, code: Refusal, told: Told): Promise<Reply> {
    parts.refused(code, memberOf(call.peer.subsystem))
    await parts.holdBack()
    const retryAfter = Math.max(1, Math.ceil(told.retryAfterMs / 1000))
    const { headers } = told
    return problem(code, { accept: acceptIn(call.headers), retryAfter, headers })
  }

  return async (call) => {
    const service = serviceOf(call, parts)
    const consumer = call.peer.subsystem
    const counted = (await rates?.count(consumer, service)) ?? []
    const headers = rateLimitHeaders(counted)
    const exceeded = counted.find(({ isExceeded }) => isExceeded)
    if (exceeded !== undefined) {
      const told = { headers, retryAfterMs: exceeded.resetMs }
      return refuse(call, 'Client.Load.RateLimited', told)
    }
    const reply = await bulkheads.run(consumer, service, () => exchange(call))
    if (isBusy(reply)) return refuse(call, reply.code, { ...reply, headers })
    return headers.length === 0 ? reply : { ...reply, headers: [...reply.headers, ...headers] }
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
