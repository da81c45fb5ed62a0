/**
 * Requests counted in fixed windows (rate-limiter-flexible): in memory, or in a counter that several gateways share. Where the shared
 * one does not answer, each gateway counts for itself up to its configured share: the gate is never wider than that.
 */
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { RateLimiterAbstract } from 'rate-limiter-flexible'
import { circuitBreaker, CircuitState, ConsecutiveBreaker, handleAll } from 'cockatiel'
import type { CircuitBreakerPolicy } from 'cockatiel'
import type { Counted, Quota, Rates } from '../../gateway/ports/load.ts'
import { Turns } from '../../gateway/http/turns.ts'
import type { ServiceId, SubsystemId } from '../../policies/vocabulary.ts'
import { believed } from './believed-counter.ts'
import { Pause } from './pause.ts'

export interface RateSettings {
  readonly consumer?: Quota
  readonly service?: Quota
  /** Instead of the general ones. */
  readonly consumers: ReadonlyMap<SubsystemId, Quota>
  readonly services: ReadonlyMap<ServiceId, Quota>
}

/** A counter that several gateways share. */
export interface SharedCounter {
  /** An ioredis client that fails at once where it is not connected, and bounds how long a command may take. */
  readonly client: object
  /** The part of each quota that one gateway may use while the counter does not answer, above 0 and at most 1. */
  readonly share: number
}

export interface SharedRates extends Rates {
  /** False while the shared counter does not answer; true where there is none, and once no request has failed for a while. */
  readonly isShared: () => boolean
}

/** After so many failures in a row the shared counter is left alone for a while, so that nobody waits for it. */
const FAILURES = 3
const LEFT_ALONE_MS = 1000
/** With nobody asking, nobody finds out that it answers again: then only its connection tells. */
const OLD_FAILURE_MS = 5000
/** Between the beginnings of two exchanges of one consumer at most: ten times what one takes of the processor. */
const APART_MS = 20
/** Nobody who is within his rate waits longer for his turn. */
const LONGEST_TURN_MS = 1_000

type Kind = Counted['of']
type Count = (key: string) => Promise<Counted>

/** `now`: milliseconds of a clock that only runs forward. */
export function makeRates(
  settings: RateSettings,
  shared?: SharedCounter,
  now = (): number => performance.now(),
): SharedRates {
  const breaker = circuitBreaker(handleAll, {
    halfOpenAfter: new Pause(LEFT_ALONE_MS, now),
    breaker: new ConsecutiveBreaker(FAILURES),
  })
  let failedAt = 0
  breaker.onFailure(() => {
    failedAt = now()
  })
  const counters = new Map<string, Count>()

  function counter(of: Kind, quota: Quota): Count {
    const name = `${of}:${String(quota.requests)}/${String(quota.withinSeconds)}`
    const known = counters.get(name)
    if (known !== undefined) return known
    const count = counterOf(of, quota, shared && { ...shared, breaker, now })
    counters.set(name, count)
    return count
  }

  const turns = new Turns<SubsystemId>(now)
  const quotaOf = (consumer: SubsystemId): Quota | undefined =>
    settings.consumers.get(consumer) ?? settings.consumer

  return {
    isShared: () => breaker.state === CircuitState.Closed || now() - failedAt > OLD_FAILURE_MS,
    async count(consumer, service) {
      const counted: Counted[] = []
      const own = quotaOf(consumer)
      if (own !== undefined) counted.push(await counter('consumer', own)(consumer))
      if (counted[0]?.isExceeded === true || service === undefined) return counted
      const its = settings.services.get(service) ?? settings.service
      if (its !== undefined) counted.push(await counter('service', its)(service))
      return counted
    },
    turn(consumer) {
      const own = quotaOf(consumer)
      if (own === undefined) return 0
      const apart = Math.min(APART_MS, (own.withinSeconds * 1000) / own.requests)
      return turns.wait(consumer, apart, { longest: LONGEST_TURN_MS })
    },
  }
}

interface Together extends SharedCounter {
  readonly breaker: CircuitBreakerPolicy
  readonly now: () => number
}

function counterOf(of: Kind, quota: Quota, together: Together | undefined): Count {
  const { requests: points, withinSeconds: duration } = quota
  const keyPrefix = `gongdao:rate:${of}:${String(points)}:${String(duration)}`
  const share = together?.share ?? 1
  const own = { requests: Math.max(1, Math.floor(points * share)), withinSeconds: duration }
  const memory = new RateLimiterMemory({ keyPrefix, points: own.requests, duration })
  const alone: Count = async (key) => counted(of, own, await taken(memory, key))
  if (together === undefined) return alone
  const { breaker, client, now } = together
  const shared = new RateLimiterRedis({
    storeClient: believed(client, duration),
    rejectIfRedisNotReady: true,
    keyPrefix,
    points,
    duration,
  })
  // Who is over is refused from memory until the window ends. Not by the library, which goes by the wall clock.
  const overUntil = new Map<string, number>()
  return async (key) => {
    const resetMs = (overUntil.get(key) ?? 0) - now()
    if (resetMs > 0) return { of, quota, remaining: 0, resetMs, isExceeded: true }
    try {
      const told = counted(of, quota, await breaker.execute(() => taken(shared, key)))
      if (told.isExceeded) overUntil.set(key, now() + told.resetMs)
      return told
    } catch {
      return alone(key)
    }
  }
}

interface Taken {
  readonly result: RateLimiterRes
  readonly isExceeded: boolean
}

/** Exceeding is an outcome; the library rejects with it. */
async function taken(limiter: RateLimiterAbstract, key: string): Promise<Taken> {
  try {
    return { result: await limiter.consume(key), isExceeded: false }
  } catch (exceeded) {
    if (exceeded instanceof RateLimiterRes) return { result: exceeded, isExceeded: true }
    throw exceeded
  }
}

function counted(of: Kind, quota: Quota, { isExceeded, result }: Taken): Counted {
  const { msBeforeNext, remainingPoints: remaining } = result
  // In memory the library tells what is left by the wall clock, though it ends the window by a timer.
  const resetMs = Math.min(msBeforeNext, quota.withinSeconds * 1000)
  return { of, quota, remaining, resetMs, isExceeded }
}
