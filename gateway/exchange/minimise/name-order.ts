/**
 * In which order the names stood in the object read last at the same place of the same answer. Records repeat their names, so
 * one comparison tells which name the next one is, and that it is not there twice: as long as an object is in step with one
 * whose names were distinct, so are its own.
 */
import { sameBytes } from './name-bytes.ts'

/** Not the expected name. */
export const UNEXPECTED = -2

export class NameOrder {
  /** False: the object's names are no longer those of the one before. */
  inStep = false
  /** How many names of the object were in step. */
  count = 0
  /** Where the known names stand, with their quotes. */
  readonly starts = new Int32Array(MOST)
  readonly lengths = new Int32Array(MOST)
  /** Which registered member each is; below 0: none. */
  readonly members = new Int32Array(MOST)
  #known = 0
  #answer = -1

  /** An object begins; `answer` numbers the answer in which it stands. */
  begin(answer: number): void {
    if (this.#answer !== answer) this.#known = 0
    this.#answer = answer
    this.inStep = true
    this.count = 0
  }

  /** The place in `members` and `lengths` of the name that begins at `quote`, if it is the expected one. */
  expect(bytes: Uint8Array, quote: number): number {
    const { count } = this
    if (!this.inStep || count >= this.#known) return UNEXPECTED
    const length = this.lengths[count] ?? 0
    // From quote to quote, so that neither is the beginning of the other.
    if (!sameBytes(bytes, quote, bytes, this.starts[count] ?? 0, length)) return UNEXPECTED
    this.count = count + 1
    return count
  }

  /** From here on the names of this object are what is known. */
  leaveStep(): void {
    this.inStep = false
    this.#known = this.count
  }

  learn(start: number, length: number, member: number): void {
    if (this.#known >= MOST) return
    this.starts[this.#known] = start
    this.lengths[this.#known] = length
    this.members[this.#known] = member
    this.#known += 1
  }
}

const MOST = 64
