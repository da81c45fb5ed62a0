/** Chance from a seed: the same seed tells the same story, on every machine. */
import { hash } from 'node:crypto'

export class Random {
  #state: number

  constructor(seed: string) {
    this.#state = hash('sha256', seed, 'buffer').readUInt32LE(0)
  }

  /** [0, 1). Mulberry32 (T. Ettinger): 2^32 values are enough for a story. */
  next = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number in [from, to]. */
  between(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1))
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(this.next() * items.length)]
    if (item === undefined) throw new RangeError('nothing to pick from')
    return item
  }

  isLess(than: number): boolean {
    return this.next() < than
  }
}
