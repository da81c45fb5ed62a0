/**
 * The distinct names that an answer has beside the registered ones, where a registered one could have stood. What lies
 * inside an unregistered member is dropped with it and not named one by one.
 *
 * INVARIANT: attacker-controlled; the caller counts them and commits to them, and writes them nowhere. No more than
 * `MOST` are held.
 */
import type { Buffer } from 'node:buffer'
import { meaning } from '../json/text-bytes.ts'

/** Further names are not held: the answer has this many, or more. */
export const MOST = 1000

export class OtherNames {
  readonly #text: Buffer
  /** May hold a name twice, as long as they are few. */
  #few: string[] | undefined
  #many: Set<string> | undefined

  constructor(text: Buffer) {
    this.#text = text
  }

  add(start: number, end: number, escaped: boolean): void {
    if (this.#many !== undefined && this.#many.size >= MOST) return
    const name = meaning(this.#text, { start, end }, escaped)
    if (this.#many === undefined) this.#addToFew(name)
    else this.#many.add(name)
  }

  sorted(): string[] {
    if (this.#many !== undefined) return [...this.#many].sort()
    if (this.#few === undefined) return []
    const names = this.#few.sort()
    return names.filter((name, at) => at === 0 || name !== names[at - 1])
  }

  #addToFew(name: string): void {
    const names = (this.#few ??= [])
    names.push(name)
    if (names.length >= FEW) this.#many = new Set(names)
  }
}

const FEW = 64
