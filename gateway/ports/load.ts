/**
 * How much may be asked, by whom and of whom, before anything is decided (design §2: a refusal here is load, not law). Keys are ids
 * of certificates and of the registry, never a text of a request, so their number is bounded.
 */
import type { Refusal } from '../../policies/refusal.ts'
import type { ServiceId, SubsystemId } from '../../policies/vocabulary.ts'

/** So many requests in each window. */
export interface Quota {
  readonly requests: number
  readonly withinSeconds: number
}

/** A quota after a request was counted against it. */
export interface Counted {
  readonly of: 'consumer' | 'service'
  readonly quota: Quota
  /** Requests that are left in this window. */
  readonly remaining: number
  /** Until the next window begins, milliseconds. */
  readonly resetMs: number
  readonly isExceeded: boolean
}

/**
 * Counts requests. MUST answer quickly whatever becomes of a shared counter, and MUST NOT let more pass without it than its
 * configured share. What exceeds a consumer's own quota MUST NOT be counted against a service's: others still have it.
 */
export interface Rates {
  /** Each quota that applies, the exceeded one last. */
  count(consumer: SubsystemId, service: ServiceId | undefined): Promise<readonly Counted[]>
  /**
   * How long a request that is within them waits for its turn, milliseconds; 0: not at all. What a consumer may ask in a window
   * begins one after the other, so that its neighbours don't find all of it in front of them; never more than a second later.
   */
  turn(consumer: SubsystemId): number
}

export interface Busy {
  readonly kind: 'busy'
  readonly code: Extract<Refusal, 'Server.Load.Busy' | 'Server.Provider.Unavailable'>
  readonly retryAfterMs: number
}

/** Places for what is under way, for each consumer and each provider; and providers that are not asked for a while. */
export interface Bulkheads {
  /** Runs `work` where there is a place for it now; nobody waits for one. */
  run<T>(
    consumer: SubsystemId,
    service: ServiceId | undefined,
    work: () => Promise<T>,
  ): Promise<T> | Busy
}
