/**
 * Which `Idempotency-Key`s were used in the last 24 hours, by their HMAC. The intents of the chain hold the same values:
 * at start they are read back, so that a key is honoured across a restart too.
 */
import type { ExchangeId, Instant } from '../../policies/vocabulary.ts'

export const REPEAT_HONOURED_MS = 24 * 3_600_000

interface Use {
  readonly exchange: ExchangeId
  readonly at: Instant
}

export class Repeats {
  readonly #uses = new Map<string, Use>()

  /** The first exchange with one of these values, if it is not older than 24 hours. */
  first(values: readonly string[], now: Instant): ExchangeId | undefined {
    this.#forget(now)
    for (const value of values) {
      const use = this.#uses.get(value)
      if (use !== undefined && isHonoured(use, now)) return use.exchange
    }
    return undefined
  }

  /** Takes the value for an exchange; call in the same turn as `first`, so that no two take it. */
  take(value: string, exchange: ExchangeId, at: Instant): void {
    this.#uses.set(value, { exchange, at })
  }

  /** Gives the value back: its intent was not recorded, so nothing was asked. */
  release(value: string): void {
    this.#uses.delete(value)
  }

  // Uses stand in order of time, but for milliseconds: the old ones are the first.
  #forget(now: Instant): void {
    for (const [value, use] of this.#uses) {
      if (isHonoured(use, now)) return
      this.#uses.delete(value)
    }
  }
}

function isHonoured({ at }: Use, now: Instant): boolean {
  return at > now - REPEAT_HONOURED_MS
}
