/** Commits of one chain in the order of their leaves, however they come: repeated, and before their turn. */
import type { Commit } from '../ports/chain-journal.ts'
import { SeenCommits } from './seen-commits.ts'

export interface ReadCommit extends Commit {
  readonly offset: number
  /** The whole message. */
  readonly value: Buffer
}

export class TurnOfCommits {
  #due = 0
  readonly #seen = new SeenCommits()
  readonly #early = new Map<number, ReadCommit>()
  #earlyBytes = 0

  /** The leaf that comes next. */
  get due(): number {
    return this.#due
  }

  /** Of those that wait for the ones before them. */
  get earlyBytes(): number {
    return this.#earlyBytes
  }

  /** `other`: leaves that were there before, with other bytes; it is not kept. */
  add(commit: ReadCommit): 'waits' | 'repeat' | 'other' {
    const before = this.#early.get(commit.first)
    if (commit.first < this.#due || before !== undefined) {
      const isSame =
        before?.value.equals(commit.value) ?? this.#seen.has(commit.first, commit.value)
      return isSame ? 'repeat' : 'other'
    }
    this.#early.set(commit.first, commit)
    this.#earlyBytes += commit.value.length
    return 'waits'
  }

  /** Whose turn it is. */
  next(): ReadCommit | undefined {
    return this.#early.get(this.#due)
  }

  /** The one whose turn it is, or another that begins there. */
  take({ count, first, value }: ReadCommit): void {
    this.#earlyBytes -= this.#early.get(first)?.value.length ?? 0
    this.#early.delete(first)
    this.#seen.add(first, value)
    this.#due = first + count
  }

  /** What waited for its turn in vain. */
  left(): readonly ReadCommit[] {
    return [...this.#early.values()]
  }
}
