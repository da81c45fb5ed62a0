/**
 * Messages as they were made of the journal to be sent, until they are read back: what comes back is compared with them in memory. A
 * commit that is not here any more is read from the journal again, so forgetting one costs time, never an answer.
 */

/** A log server whose reader is away must not cost memory without bound. */
const MOST_BYTES = 8 * 1024 * 1024

export class SentCommits {
  /** By first index, in the order of the sending. */
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
