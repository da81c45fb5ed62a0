/** The registered member names of one object, to be found by their bytes. */
import { sameBytes, sign } from './name-bytes.ts'

/** Not registered here. */
export const UNREGISTERED = -1

export class MemberNames {
  /** Each name with its quotes, one after the other. */
  readonly #bytes: Uint8Array
  readonly #starts: Int32Array
  /** With the quotes. */
  readonly #lengths: Int32Array
  /** Open addressing by `sign`: member + 1, or 0. At least half empty, so that a search ends. */
  readonly #table: Int32Array
  readonly #byMeaning: ReadonlyMap<string, number>

  constructor(names: readonly string[]) {
    const spelled = names.map((name) => new TextEncoder().encode(`"${name}"`))
    this.#bytes = new Uint8Array(spelled.reduce((sum, { length }) => sum + length, 0))
    this.#starts = new Int32Array(names.length)
    this.#lengths = Int32Array.from(spelled, ({ length }) => length)
    this.#table = new Int32Array(tableSize(names.length))
    this.#byMeaning = new Map(names.map((name, member) => [name, member]))
    let at = 0
    for (const [member, bytes] of spelled.entries()) {
      this.#bytes.set(bytes, at)
      this.#starts[member] = at
      at += bytes.length
      // What JSON can spell only with an escape is found by its meaning.
      if (JSON.stringify(names[member]) === `"${names[member] ?? ''}"`) this.#enter(member)
    }
  }

  /** The member of the name between the quotes that begin at `quote` and end before `end`, if there is no escape in it. */
  find(bytes: Uint8Array, quote: number, end: number): number {
    const mask = this.#table.length - 1
    let slot = sign(bytes, quote + 1, end - 1) & mask
    for (;;) {
      const member = (this.#table[slot] ?? 0) - 1
      if (member < 0) return UNREGISTERED
      if (this.#lengths[member] === end - quote && this.#is(member, bytes, quote)) return member
      slot = (slot + 1) & mask
    }
  }

  findByMeaning(name: string): number {
    return this.#byMeaning.get(name) ?? UNREGISTERED
  }

  #is(member: number, bytes: Uint8Array, quote: number): boolean {
    const start = this.#starts[member] ?? 0
    return sameBytes(bytes, quote, this.#bytes, start, this.#lengths[member] ?? 0)
  }

  #enter(member: number): void {
    const start = this.#starts[member] ?? 0
    const end = start + (this.#lengths[member] ?? 0)
    const mask = this.#table.length - 1
    let slot = sign(this.#bytes, start + 1, end - 1) & mask
    while (this.#table[slot] !== 0) slot = (slot + 1) & mask
    this.#table[slot] = member + 1
  }
}

function tableSize(names: number): number {
  let size = 8
  while (size < 4 * names) size *= 2
  return size
}
