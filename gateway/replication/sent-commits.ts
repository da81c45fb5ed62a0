/**
 * Commits as they were read from the journal to be sent, until they are read back: what comes back is compared with them in memory. A
 * commit that is not here any more is read from the journal again, so forgetting one costs time, never an answer.
 */
import type { Commit } from '../ports/chain-journal.ts'

/** A log server whose reader is away must not cost memory without bound. */
const MOST_BYTES = 8 * 1024 * 1024

export class SentCommits {
  /** By first index, in the order of the sending. */
  readonly #payloads = new Map<number, Buffer>()
  #bytes = 0

  keep({ first, payload }: Commit): void {
    this.take(first)
    this.#payloads.set(first, payload)
    this.#bytes += payload.length
    for (const oldest of this.#payloads.keys()) {
      if (this.#bytes <= MOST_BYTES) return
      this.take(oldest)
    }
  }

  /** Once: a repeat is rare. */
  take(first: number): Buffer | undefined {
    const payload = this.#payloads.get(first)
    if (payload === undefined) return undefined
    this.#payloads.delete(first)
    this.#bytes -= payload.length
    return payload
  }

  clear(): void {
    this.#payloads.clear()
    this.#bytes = 0
  }
}
