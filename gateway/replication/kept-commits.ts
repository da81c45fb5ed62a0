/**
 * Messages as they were made, of a commit that became durable just now or of the journal, until they are read back: they are sent from
 * here, and what comes back is compared with them in memory. A commit that is not here (any more) is read from the journal, so
 * forgetting one costs time, never an answer.
 */
import { decodeCommit } from './message.ts'

/** A log server that is away must not cost memory without bound. */
const MOST_BYTES = 8 * 1024 * 1024

export interface MadeMessage {
  readonly value: Buffer
  /** Size of the chain with this commit. */
  readonly to: number
}

export class KeptCommits {
  /** By first index, in the order of their making. */
  readonly #values = new Map<number, Buffer>()
  #bytes = 0

  keep(first: number, value: Buffer): void {
    this.take(first)
    this.#values.set(first, value)
    this.#bytes += value.length
    for (const oldest of this.#values.keys()) {
      if (this.#bytes <= MOST_BYTES) return
      this.take(oldest)
    }
  }

  /** Those that follow one another from leaf `first` on, of so many bytes or one; none where that one is not kept. */
  from(first: number, mostBytes: number): readonly MadeMessage[] {
    const made: MadeMessage[] = []
    let bytes = 0
    for (let at = first; ;) {
      const value = this.#values.get(at)
      const commit = decodeCommit(value)
      if (value === undefined || commit === undefined) return made
      bytes += value.length
      if (made.length > 0 && bytes > mostBytes) return made
      at += commit.count
      made.push({ value, to: at })
    }
  }

  /** Once: a repeat is rare. */
  take(first: number): Buffer | undefined {
    const value = this.#values.get(first)
    if (value === undefined) return undefined
    this.#values.delete(first)
    this.#bytes -= value.length
    return value
  }

  clear(): void {
    this.#values.clear()
    this.#bytes = 0
  }
}
