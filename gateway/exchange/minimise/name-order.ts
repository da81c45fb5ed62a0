/**
 * In which order the names stood in the object read last at the same place, in the same answer. Records repeat their names,
 * so one comparison tells which name the next one is, and that it is not there twice: as long as an object is in step with
 * one whose names were distinct, so are its own.
 */
import { sameBytes } from './name-bytes.ts'

/** Out of step, or the end of what is known. */
export const UNKNOWN = -2

export class NameOrder {
  /** Where the names stand, with their quotes, and which registered member each is. */
  readonly starts = new Int32Array(MOST)
  readonly lengths = new Int32Array(MOST)
  readonly #members = new Int32Array(MOST)
  #known = 0
  #inStep = false
  #next = 0
  #answer = -1

  /** An object begins; `answer` numbers the answer in which it stands. */
  begin(answer: number): void {
    if (this.#answer !== answer) this.#known = 0
    this.#answer = answer
    this.#inStep = true
    this.#next = 0
  }

  /** The member of the name at `quote`, if it is the expected one; `lengthOf` tells its length. */
  expect(bytes: Uint8Array, quote: number): number {
    const next = this.#next
    if (!this.#inStep || next >= this.#known) return UNKNOWN
    const start = this.starts[next] ?? 0
    if (!sameBytes(bytes, quote, bytes, start, this.lengths[next] ?? 0)) return UNKNOWN
    this.#next = next + 1
    return this.#members[next] ?? UNKNOWN
  }
}

const MOST = 64
