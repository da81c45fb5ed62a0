/**
 * Which commits of a chain were read, and with which bytes, to tell a repeat from a fork however late it comes: 40 bytes for each, since
 * a gateway makes tens of millions in a day.
 */
import { hash } from 'node:crypto'

/** All of a SHA-256: an operator who forks a chain must not find two commits that share it, and half would take 2^64 tries. */
const DIGEST = 32
const FIRST_ROOM = 1024

export class SeenCommits {
  #firsts = new Float64Array(FIRST_ROOM)
  #digests = Buffer.alloc(FIRST_ROOM * DIGEST)
  #count = 0

  /** In the order of the chain; `value`: the whole message. */
  add(first: number, value: Buffer): void {
    if (this.#count === this.#firsts.length) this.#grow()
    this.#firsts[this.#count] = first
    digestOf(value).copy(this.#digests, this.#count * DIGEST)
    this.#count += 1
  }

  /** Whether a commit that begins there was read, with these very bytes. */
  has(first: number, value: Buffer): boolean {
    const at = this.#placeOf(first)
    if (this.#firsts[at] !== first || at >= this.#count) return false
    return this.#digests.subarray(at * DIGEST, (at + 1) * DIGEST).equals(digestOf(value))
  }

  /** Of the first commit that begins there or behind. */
  #placeOf(first: number): number {
    let [from, to] = [0, this.#count]
    while (from < to) {
      const middle = Math.floor((from + to) / 2)
      if ((this.#firsts[middle] ?? Infinity) < first) from = middle + 1
      else to = middle
    }
    return from
  }

  #grow(): void {
    const firsts = new Float64Array(this.#count * 2)
    firsts.set(this.#firsts)
    this.#firsts = firsts
    this.#digests = Buffer.concat([this.#digests, Buffer.alloc(this.#count * DIGEST)])
  }
}

function digestOf(value: Buffer): Buffer {
  return hash('sha256', value, 'buffer')
}
