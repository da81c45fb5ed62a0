/**
 * The distinct names that an answer has beside the registered ones, where a registered one could have stood. What lies
 * inside an unregistered member is dropped with it and not named one by one.
 *
 * INVARIANT: attacker-controlled; the caller counts them and commits to them, and writes them nowhere. No more than
 * `MOST` are held.
 */
import type { Buffer } from 'node:buffer'
import { meaning } from '../json/text-bytes.ts'
import { sameBytes } from './name-bytes.ts'

/** Further names are not held: the answer has this many, or more. */
export const MOST = 1000

export class OtherNames {
  readonly #text: Buffer
  readonly #bytes: Uint8Array
  #names: Set<string> | undefined
  /** Starts and ends of the names in the order in which they came: records repeat it. */
  readonly #order: number[] = []
  #next = 0

  constructor(text: Buffer, bytes: Uint8Array) {
    this.#text = text
    this.#bytes = bytes
  }

  add(start: number, end: number, escaped: boolean): void {
    if (this.#next >= this.#order.length) this.#next = 0
    const known = this.#order[this.#next] ?? 0
    const length = (this.#order[this.#next + 1] ?? 0) - known
    if (
      length === end - start &&
      known !== 0 &&
      sameBytes(this.#bytes, start, this.#bytes, known, length)
    ) {
      this.#next += 2
      return
    }
    this.#learn(start, end, escaped)
  }

  sorted(): string[] {
    return this.#names === undefined ? [] : [...this.#names].sort()
  }

  #learn(start: number, end: number, escaped: boolean): void {
    const names = (this.#names ??= new Set())
    if (names.size >= MOST) return
    const before = names.size
    names.add(meaning(this.#text, { start, end }, escaped))
    if (names.size === before) return
    this.#order.push(start, end)
    this.#next = this.#order.length
  }
}
