/**
 * Places for the requests under way. A request holds one from its headers on, while its consumer takes its time to send the
 * body: so that one member alone can't hold all of them, a quarter is the most that it gets.
 */
import type { MemberId } from '../../policies/vocabulary.ts'

export class Places {
  /** No entry for a member without a request. */
  readonly #taken = new Map<MemberId, number>()
  readonly #all: number
  readonly #ofOne: number
  #count = 0

  constructor(all: number) {
    this.#all = all
    this.#ofOne = Math.max(1, Math.floor(all / 4))
  }

  /** Takes a place, and returns how to give it back, once; undefined where there is none for this member. */
  enter(member: MemberId): (() => void) | undefined {
    const taken = this.#taken.get(member) ?? 0
    if (this.#count >= this.#all || taken >= this.#ofOne) return undefined
    this.#count += 1
    this.#taken.set(member, taken + 1)
    return () => {
      this.#leave(member)
    }
  }

  #leave(member: MemberId): void {
    this.#count -= 1
    const left = (this.#taken.get(member) ?? 0) - 1
    if (left > 0) this.#taken.set(member, left)
    else this.#taken.delete(member)
  }
}
