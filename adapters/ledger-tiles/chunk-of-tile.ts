/** A tile's leaves, records and notes, put together as a verifier reads them. */
import type { Carried, Chunk, Damage, Part } from '../../gateway/ledger/chunk.ts'
import { checkpointOf } from './layout.ts'

interface Piece {
  readonly type: Carried['type']
  readonly first: number
  readonly count: number
  readonly bytes: readonly Uint8Array[]
}

const PREFIX = Buffer.of(0)

export class ChunkOfTile {
  readonly #first: number
  readonly #leaves: Uint8Array[][] = []
  readonly #pieces: Piece[] = []
  #taken = 0

  constructor(first: number) {
    this.#first = first
  }

  leaves(leaves: readonly Buffer[], records: readonly Buffer[]): void {
    for (const [at, leaf] of leaves.entries()) {
      const record = records[at] ?? Buffer.alloc(0)
      this.#leaves.push([length(record), record, length(leaf), PREFIX, leaf])
    }
  }

  /** A checkpoint over `size` leaves: those before it that were not taken yet stand in front. */
  note(note: Buffer, size: number): void {
    const before = Math.min(Math.max(size - this.#first, this.#taken), this.#leaves.length)
    this.#take(before)
    this.#pieces.push({ type: 'checkpoint', first: size, count: 0, bytes: [note] })
  }

  /** Each note behind the leaves that it signs; one that names no size stands where it stood. */
  withNotes(
    notes: readonly Buffer[],
    { damages, rest }: { readonly damages: readonly Part[]; readonly rest: Damage | undefined },
  ): Chunk {
    const end = this.#first + this.#leaves.length
    for (const note of notes) {
      const size = checkpointOf(note.toString('utf8'))?.size
      // Where leaves are missing, what signs them can't be judged.
      if (rest !== undefined && (size === undefined || size > end)) break
      this.note(note, this.#placeOf(size))
    }
    this.#take(this.#leaves.length)
    return this.chunk(damages, rest)
  }

  #placeOf(size: number | undefined): number {
    const end = this.#first + this.#leaves.length
    // Each note of a bundle signs at least its first leaf: what says otherwise is not the fault of the leaf before.
    const least = Math.min(this.#first + Math.max(this.#taken, 1), end)
    return size !== undefined && size > least && size <= end ? size : least
  }

  chunk(damages: readonly Part[], rest?: Damage): Chunk {
    const all = this.#pieces.flatMap(({ bytes }) => bytes)
    const own = Buffer.from(new ArrayBuffer(all.reduce((sum, { length: more }) => sum + more, 0)))
    let at = 0
    const parts = this.#pieces.map(({ bytes, count, first, type }): Part => {
      const start = at
      for (const piece of bytes) {
        own.set(piece, at)
        at += piece.length
      }
      return { type, first, count, start, end: at }
    })
    return { bytes: own, parts: [...damages, ...parts, ...(rest === undefined ? [] : [rest])] }
  }

  #take(end: number): void {
    if (end <= this.#taken) return
    const bytes = this.#leaves.slice(this.#taken, end).flat()
    this.#pieces.push({
      type: 'leaves',
      first: this.#first + this.#taken,
      count: end - this.#taken,
      bytes,
    })
    this.#taken = end
  }
}

/** What can be as long as its 16 bits say came from a bundle that says the same. */
function length(bytes: Uint8Array): Uint8Array {
  return Uint8Array.of(Math.floor(bytes.length / 256), bytes.length % 256)
}
