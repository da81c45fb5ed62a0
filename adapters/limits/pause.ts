/**
 * How long a breaker stays open, by a clock that only runs forward: cockatiel's own is the wall clock, and while that is set back by an
 * hour, what is well again would be left alone for an hour.
 */
import type { IBackoff } from 'cockatiel'

export class Pause implements IBackoff<unknown> {
  readonly #ms: number
  readonly #now: () => number
  #until = -Infinity

  constructor(ms: number, now: () => number) {
    this.#ms = ms
    this.#now = now
  }

  /** Milliseconds; 0: it is over. */
  get leftMs(): number {
    return Math.max(0, this.#until - this.#now())
  }

  /** What cockatiel holds against the wall clock, which therefore never decides. */
  get duration(): number {
    return this.leftMs > 0 ? Infinity : -Infinity
  }

  /** The breaker opens, or opens again. */
  next(): this {
    this.#until = this.#now() + this.#ms
    return this
  }
}
