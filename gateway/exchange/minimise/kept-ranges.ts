/**
 * What will leave, as ranges of what was received, in order. So no byte leaves that did not arrive, and a range
 * that touches the one before it costs nothing.
 */
import { Buffer } from 'node:buffer'

export class KeptRanges {
  /** Pairs: start, end. Shared by all walks, which follow each other. */
  #pairs = shared
  #count = 0
  #length = 0
  #from = 0
  /** End of the last range. */
  to = -1

  keep(start: number, end: number): void {
    if (start === this.to) {
      this.to = end
      return
    }
    this.#close()
    this.#from = start
    this.to = end
  }

  /** The ranges of `text`, one after the other. */
  copy(text: Buffer, bytes: Uint8Array): Buffer {
    this.#close()
    const copy = Buffer.allocUnsafe(this.#length)
    let at = 0
    for (let pair = 0; pair < this.#count; pair += 2) {
      const start = this.#pairs[pair] ?? 0
      const end = this.#pairs[pair + 1] ?? 0
      if (end - start > LONG) at += text.copy(copy, at, start, end)
      else for (let from = start; from < end; from += 1) copy[at++] = bytes[from] ?? 0
    }
    return copy
  }

  #close(): void {
    if (this.to < 0) return
    if (this.#count + 2 > this.#pairs.length) this.#grow()
    this.#pairs[this.#count] = this.#from
    this.#pairs[this.#count + 1] = this.to
    this.#count += 2
    this.#length += this.to - this.#from
  }

  #grow(): void {
    const larger = new Int32Array(2 * this.#pairs.length)
    larger.set(this.#pairs)
    this.#pairs = larger
    if (larger.length <= LARGEST_SHARED) shared = larger
  }
}

/** From here on, one call into the runtime costs less than a loop. */
const LONG = 40
const LARGEST_SHARED = 1 << 16
let shared = new Int32Array(1 << 10)
