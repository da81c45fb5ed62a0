/**
 * Heads of one chain, one for each second of it and for years: 48 bytes each, outside V8's heap. Added in any order, mostly that of
 * their sizes, and looked through in that order.
 */
import type { TreeHash } from './hash.ts'

export interface KnownHead {
  readonly origin: string
  readonly size: number
  readonly root: TreeHash
  /** Who knows it, for people: `the pin`, `receipt r1.txt`. */
  readonly by: string
  /** Asked only where it contradicts the chain, since a signature costs more than all else; absent: it was verified. */
  readonly isSigned?: () => boolean
}

/** Who knows what was published, for people. */
export const PUBLISHED = 'a published checkpoint'

export interface ListedHeads {
  readonly origin: string
  /** Who knows them, for people. */
  readonly by: string
  /** Asked of those that contradict the chain, with the place that they were added with; absent: all were verified. */
  readonly isSigned?: (head: Pick<KnownHead, 'root' | 'size'>, place: number) => boolean
}

const ROOM_AT_FIRST = 64
/** Bytes of a root. */
const ROOT = 32

export class HeadList {
  readonly #of: ListedHeads
  #sizes = new Float64Array(ROOM_AT_FIRST)
  #places = new Float64Array(ROOM_AT_FIRST)
  #roots = Buffer.alloc(ROOM_AT_FIRST * ROOT)
  #count = 0
  #isSorted = true
  /** Where it was last looked: sizes are asked for one after the other. */
  #cursor = 0

  constructor(of: ListedHeads) {
    this.#of = of
  }

  /** Whether it was added last: a head is published again and again while nothing comes. */
  isNewest(size: number, root: TreeHash): boolean {
    const last = this.#count - 1
    return last >= 0 && this.#sizes[last] === size && this.#rootAt(last) === root
  }

  add(size: number, root: TreeHash, place = 0): void {
    const at = this.#count
    if (at === this.#sizes.length) this.#grow(at * 2)
    this.#isSorted &&= at === 0 || this.#sizeAt(at - 1) <= size
    this.#sizes[at] = size
    this.#places[at] = place
    this.#roots.write(root, at * ROOT, 'latin1')
    this.#count += 1
  }

  /** Size of the largest; 0 where there is none. */
  get largest(): number {
    this.#sort()
    return this.#count === 0 ? 0 : this.#sizeAt(this.#count - 1)
  }

  has(size: number): boolean {
    return this.#sizeAt(this.#firstFrom(size)) === size
  }

  of(size: number): KnownHead[] {
    const heads: KnownHead[] = []
    for (let at = this.#firstFrom(size); this.#sizeAt(at) === size; at += 1) {
      heads.push(this.#headAt(at))
    }
    return heads
  }

  /** From the largest, those with more leaves than that. */
  *downwards(than: number): Generator<KnownHead, void> {
    this.#sort()
    for (let at = this.#count - 1; at >= 0 && this.#sizeAt(at) > than; at -= 1) {
      yield this.#headAt(at)
    }
  }

  /** Of which there is more than one head. */
  *sizesWithSeveral(): Generator<number, void> {
    this.#sort()
    for (let at = 1; at < this.#count; at += 1) {
      const size = this.#sizeAt(at)
      if (size !== this.#sizeAt(at - 1)) continue
      if (this.#rootAt(at) !== this.#rootAt(at - 1)) yield size
    }
  }

  #firstFrom(size: number): number {
    this.#sort()
    let from = this.#cursor
    if (from > 0 && this.#sizeAt(from - 1) >= size) from = 0
    if (this.#sizeAt(from) < size) from += 1
    let to = this.#sizeAt(from) < size ? this.#count : from
    while (from < to) {
      const middle = Math.floor((from + to) / 2)
      if (this.#sizeAt(middle) < size) from = middle + 1
      else to = middle
    }
    this.#cursor = from
    return from
  }

  /** Infinity behind the last. */
  #sizeAt(at: number): number {
    return at < this.#count ? (this.#sizes[at] ?? Infinity) : Infinity
  }

  #rootAt(at: number): TreeHash {
    return this.#roots.toString('latin1', at * ROOT, (at + 1) * ROOT)
  }

  #headAt(at: number): KnownHead {
    const { by, isSigned, origin } = this.#of
    const [size, root, place] = [this.#sizeAt(at), this.#rootAt(at), this.#places[at] ?? 0]
    const head = { origin, size, root, by }
    return isSigned === undefined ? head : { ...head, isSigned: () => isSigned(head, place) }
  }

  #grow(room: number): void {
    const [sizes, places, roots] = [this.#sizes, this.#places, this.#roots]
    this.#sizes = new Float64Array(room)
    this.#places = new Float64Array(room)
    this.#roots = Buffer.alloc(room * ROOT)
    this.#sizes.set(sizes)
    this.#places.set(places)
    this.#roots.set(roots)
  }

  #sort(): void {
    if (this.#isSorted) return
    const order = Float64Array.from({ length: this.#count }, (_, at) => at)
    order.sort((one, other) => this.#sizeAt(one) - this.#sizeAt(other))
    const [sizes, places, roots] = [this.#sizes, this.#places, this.#roots]
    this.#sizes = new Float64Array(sizes.length)
    this.#places = new Float64Array(sizes.length)
    this.#roots = Buffer.alloc(roots.length)
    for (const [at, was] of order.entries()) {
      this.#sizes[at] = sizes[was] ?? Infinity
      this.#places[at] = places[was] ?? 0
      roots.copy(this.#roots, at * ROOT, was * ROOT, (was + 1) * ROOT)
    }
    this.#isSorted = true
    this.#cursor = 0
  }
}
