/**
 * A body as it comes in, piece by piece. Whoever sends it chooses the pieces: each is an object of some hundred bytes however
 * little it holds, so that a million of them (one byte each, chunked) would take a hundred times the limit that was set. More
 * than a few small ones are copied together; large ones are left as they are until all are there.
 */
import { Buffer } from 'node:buffer'

const FEW = 64
const SMALL = 1024
const LEAST = 65_536

export class GatheredBytes {
  #pieces: Buffer[] = []
  /** The pieces before those, in a place with room to spare. */
  #place: Buffer | undefined
  #filled = 0
  #length = 0

  /** Bytes. */
  get length(): number {
    return this.#length
  }

  add(piece: Buffer): void {
    this.#length += piece.length
    this.#pieces.push(piece)
    const loose = this.#length - this.#filled
    if (this.#pieces.length > FEW && loose < SMALL * this.#pieces.length) this.#fold()
  }

  whole(): Buffer {
    const [only] = this.#pieces
    if (only?.length === this.#length) return only
    if (this.#place === undefined) return Buffer.concat(this.#pieces, this.#length)
    this.#fold()
    return this.#place.subarray(0, this.#length)
  }

  clear(): void {
    this.#pieces = []
    this.#place = undefined
    this.#filled = 0
    this.#length = 0
  }

  /** Twice as much room each time, so that a byte is copied twice on average. */
  #fold(): void {
    let place = this.#place
    if (place === undefined || place.length < this.#length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(LEAST, 2 * this.#length))
      place?.copy(larger, 0, 0, this.#filled)
      place = larger
    }
    for (const piece of this.#pieces) this.#filled += piece.copy(place, this.#filled)
    this.#pieces = []
    this.#place = place
  }
}
