/**
 * The unregistered member names of the objects that are open just now, to refuse one that stands twice.
 *
 * Names are compared as bytes; a name with an escape in it, or more than a few names, are compared by their meaning in
 * a set. So a thousand names cost a thousand look-ups and not a million comparisons.
 */
import type { Buffer } from 'node:buffer'
import { DEEPEST } from '../json/scan.ts'
import { meaning } from '../json/text-bytes.ts'
import { sameBytes, sign } from './name-bytes.ts'

export class OpenNames {
  readonly #text: Buffer
  readonly #bytes: Uint8Array
  /** By depth: where the names of that object begin in `TRIPLES`. */
  readonly #bases = BASES
  /** By depth: the names of that object once they are many. */
  readonly #many: (Set<string> | undefined)[] = []
  /** Triples in use: signature, start, end. */
  readonly #triples = TRIPLES
  #top = 0
  #depth = 0

  constructor(text: Buffer, bytes: Uint8Array) {
    this.#text = text
    this.#bytes = bytes
  }

  enter(): void {
    this.#depth += 1
    this.#bases[this.#depth] = this.#top
  }

  leave(): void {
    this.#top = this.#bases[this.#depth] ?? 0
    if (this.#many.length > this.#depth) this.#many.length = this.#depth
    this.#depth -= 1
  }

  /** False if the innermost object has this name already. */
  add(start: number, end: number, escaped: boolean): boolean {
    const base = this.#bases[this.#depth] ?? 0
    if (escaped || this.#many[this.#depth] !== undefined || this.#top - base >= 3 * FEW) {
      return this.#addToMany(start, end, escaped)
    }
    const signature = sign(this.#bytes, start, end)
    for (let at = base; at < this.#top; at += 3) {
      if (this.#triples[at] === signature && this.#isAt(at, start, end)) return false
    }
    this.#triples[this.#top] = signature
    this.#triples[this.#top + 1] = start
    this.#triples[this.#top + 2] = end
    this.#top += 3
    return true
  }

  #isAt(triple: number, start: number, end: number): boolean {
    const other = this.#triples[triple + 1] ?? 0
    const length = (this.#triples[triple + 2] ?? 0) - other
    return length === end - start && sameBytes(this.#bytes, start, this.#bytes, other, length)
  }

  #addToMany(start: number, end: number, escaped: boolean): boolean {
    const names = this.#many[this.#depth] ?? this.#namesSoFar()
    this.#many[this.#depth] = names
    const before = names.size
    names.add(meaning(this.#text, { start, end }, escaped))
    return names.size > before
  }

  #namesSoFar(): Set<string> {
    const names = new Set<string>()
    for (let at = this.#bases[this.#depth] ?? 0; at < this.#top; at += 3) {
      const start = this.#triples[at + 1] ?? 0
      names.add(meaning(this.#text, { start, end: this.#triples[at + 2] ?? 0 }, false))
    }
    return names
  }
}

/** Names compared one by one before a set is made. */
const FEW = 32
const TRIPLES = new Int32Array(3 * FEW * (DEEPEST + 1))
const BASES = new Int32Array(DEEPEST + 2)
