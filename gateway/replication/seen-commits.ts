/**
 * Of which commits a chain consists, to tell a repeat from a fork however late it comes: 72 bytes for each, since a gateway makes
 * tens of millions in a day.
 */
import { EMPTY_TREE, type TreeHash } from '../ledger/hash.ts'

/** All of a SHA-256: an operator who forks a chain must not find two that share it, and half would take 2^64 tries. */
const HASH = 32
const FIRST_ROOM = 1024

export class SeenCommits {
  /** Where each begins; behind the newest, where it ends. */
  #firsts = new Float64Array(FIRST_ROOM)
  #leaves: Buffer = Buffer.alloc(FIRST_ROOM * HASH)
  #roots: Buffer = Buffer.alloc(FIRST_ROOM * HASH)
  #count = 0

  /** The next of the chain: it begins where the one before ended. `leaves`: the hash that stands for its leaves. */
  add(end: number, leaves: TreeHash, root: TreeHash): void {
    if (this.#count + 1 === this.#firsts.length) this.#grow()
    this.#leaves.write(leaves, this.#count * HASH, 'latin1')
    this.#roots.write(root, this.#count * HASH, 'latin1')
    this.#count += 1
    this.#firsts[this.#count] = end
  }

  /** Undefined where none begins there. */
  leavesFrom(first: number): TreeHash | undefined {
    const at = this.#placeOf(first)
    return at < this.#count ? hashAt(this.#leaves, at) : undefined
  }

  /** Of the chain when it had so many leaves; undefined where no commit ended there. */
  rootAt(size: number): TreeHash | undefined {
    if (size === 0) return EMPTY_TREE
    const at = this.#placeOf(size)
    return at >= 1 && at <= this.#count ? hashAt(this.#roots, at - 1) : undefined
  }

  /** Number of the commit that begins there (of how many there are: where the newest ends); Infinity where none does. */
  #placeOf(first: number): number {
    let [from, to] = [0, this.#count + 1]
    while (from < to) {
      const middle = Math.floor((from + to) / 2)
      if ((this.#firsts[middle] ?? Infinity) < first) from = middle + 1
      else to = middle
    }
    return from <= this.#count && this.#firsts[from] === first ? from : Infinity
  }

  #grow(): void {
    const firsts = new Float64Array(this.#firsts.length * 2)
    firsts.set(this.#firsts)
    this.#firsts = firsts
    this.#leaves = doubled(this.#leaves)
    this.#roots = doubled(this.#roots)
  }
}

function hashAt(hashes: Buffer, at: number): TreeHash {
  return hashes.toString('latin1', at * HASH, (at + 1) * HASH)
}

function doubled(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(bytes.length)])
}
