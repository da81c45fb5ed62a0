/**
 * Which `Idempotency-Key`s were used in the last 24 hours, by their HMAC. The intents of the chain hold the same values:
 * at start they are read back, so that a key is honoured across a restart too.
 *
 * A key costs some 600 bytes for a day, and the consumer chooses how many there are. Above the limit none is forgotten, or a
 * provider could be asked twice: the next is refused. No member can use up more than a quarter of what all share.
 */
import type { ExchangeId, Instant, MemberId } from '../../policies/vocabulary.ts'

export const REPEAT_HONOURED_MS = 24 * 3_600_000

/** Of all members together: some 1.2 GB if every one is used. */
const MOST = 2_000_000

interface Use {
  readonly member: MemberId
  readonly exchange: ExchangeId
  readonly at: Instant
}

export class Repeats {
  readonly #uses = new Map<string, Use>()
  /** How many of them each member has; no entry where it has none. */
  readonly #counts = new Map<MemberId, number>()
  readonly #most: number
  readonly #mostOfOne: number

  constructor(most = MOST) {
    this.#most = most
    this.#mostOfOne = Math.max(1, Math.floor(most / 4))
  }

  /** The first exchange with one of these values, if it is not older than 24 hours. */
  first(values: readonly string[], now: Instant): ExchangeId | undefined {
    this.#forget(now)
    for (const value of values) {
      const use = this.#uses.get(value)
      if (use !== undefined && isHonoured(use, now)) return use.exchange
    }
    return undefined
  }

  /** Whether the member may take one more; as true as the last `first`, which forgets the old ones. */
  hasRoom(member: MemberId): boolean {
    return this.#uses.size < this.#most && (this.#counts.get(member) ?? 0) < this.#mostOfOne
  }

  /**
   * Takes the value for an exchange; call in the same turn as `first` and `hasRoom`, so that no two take it. Never refuses:
   * what is read back at start was asked already.
   */
  take(value: string, use: Use): void {
    this.release(value)
    this.#uses.set(value, use)
    this.#counts.set(use.member, (this.#counts.get(use.member) ?? 0) + 1)
  }

  /** Gives the value back: its intent was not recorded, so nothing was asked. */
  release(value: string): void {
    const use = this.#uses.get(value)
    if (use === undefined) return
    this.#uses.delete(value)
    const left = (this.#counts.get(use.member) ?? 0) - 1
    if (left > 0) this.#counts.set(use.member, left)
    else this.#counts.delete(use.member)
  }

  // Uses stand in order of time, but for milliseconds: the old ones are the first.
  #forget(now: Instant): void {
    for (const [value, use] of this.#uses) {
      if (isHonoured(use, now)) return
      this.release(value)
    }
  }
}

function isHonoured({ at }: Use, now: Instant): boolean {
  return at > now - REPEAT_HONOURED_MS
}
