/**
 * One after the other instead of all at once: what many callers do in one moment is spread, so that a neighbour does not find all of it
 * in front of him.
 */
export class Turns<Key> {
  readonly #now: () => number
  readonly #next = new Map<Key, number>()

  /** `now`: milliseconds of a clock that only runs forward. */
  constructor(now: () => number) {
    this.#now = now
  }

  /**
   * Milliseconds until the turn of who asks: not before `after`, and `apart` behind the one of `key` before. Where more stand in the
   * line than `longest` has room for, they come together.
   */
  wait(key: Key, apart: number, { after = 0, longest = Infinity } = {}): number {
    const now = this.#now()
    const at = Math.min(Math.max(now + after, this.#next.get(key) ?? 0), now + longest)
    this.#next.set(key, at + apart)
    return at - now
  }
}
