/**
 * How far one chain has come: journalled, acknowledged by the log server, read back. All that is read back is compared with the
 * journal byte for byte, whether it is new, a repeat, or somebody else's.
 */
import type { DurableLeaves } from '../ledger/chain.ts'
import type { Commit, JournalledChain } from '../ports/chain-journal.ts'
import type { LogMessage } from '../ports/log-transport.ts'
import { KeptCommits, type MadeMessage } from './kept-commits.ts'
import { decodeCommit, encodeCommit } from './message.ts'
import { isSameCommit } from './same-commit.ts'
import { WaitingLine } from './waiting-line.ts'

export type Divergence = {
  readonly chain: string
  /** Index of the first leaf that is not ours, as far as the message tells. */
  readonly index: number
  /**
   * `unreadable`: no commit at all; `ahead`: leaves that our journal does not hold; `other`: other bytes than our journal has; `note`: a
   * published checkpoint over leaves that our journal does not hold so.
   */
  readonly why: 'unreadable' | 'ahead' | 'other' | 'note'
  readonly theirs: Commit | undefined
  /** Two checkpoints of one size, where ours has one of it. */
  readonly notes?: { readonly ours: string | undefined; readonly theirs: string }
}

/** What a message of ours, read back, says. */
export type Seen =
  | { readonly kind: 'fits' }
  /** Leaves [from, to) were acknowledged and stand not where they must: the server lost them. */
  | { readonly kind: 'lost'; readonly from: number; readonly to: number }
  | { readonly kind: 'diverges'; readonly divergence: Divergence }

export class FollowedChain {
  readonly origin: string
  readonly backlog = new WaitingLine()
  readonly unread = new WaitingLine()
  durable: number
  acknowledged = 0
  /** Undefined where reading begins behind the chain's beginning: the first commit that is seen tells. */
  #readBack: number | undefined
  readonly #journal: JournalledChain['journal']
  readonly #kept = new KeptCommits()
  /** Each loss is told once. */
  #lostAt = -1

  constructor({ journal, origin, size }: JournalledChain, readBack: number, now: number) {
    this.origin = origin
    this.#journal = journal
    this.#readBack = readBack
    this.durable = size
    const records = size - readBack
    if (records > 0) this.backlog.add({ to: size, records, bytes: 0, since: now })
  }

  get readBack(): number {
    return this.#readBack ?? 0
  }

  get hasBacklog(): boolean {
    return this.acknowledged < this.durable
  }

  /** What its journal held already when it was opened. */
  journalled(size: number, bytes: number, now: number): void {
    this.backlog.add({ to: size, records: size - this.durable, bytes, since: now })
    this.durable = size
  }

  /** Where the bytes of the commit are at hand they need not be read from the journal. */
  committed({ bytes, first, hashes, payload }: DurableLeaves, now: number): void {
    const count = hashes.length
    if (payload !== undefined) this.#kept.keep(first, encodeCommit({ first, count, payload }))
    this.journalled(first + count, bytes, now)
  }

  /** The next commits, of so many bytes or one. */
  next(mostBytes: number): { readonly messages: readonly LogMessage[]; readonly to: number } {
    const kept = this.#kept.from(this.acknowledged, mostBytes)
    const made = kept.length > 0 ? kept : this.#made(mostBytes)
    const last = made.at(-1)
    if (last === undefined) {
      throw new Error(
        `${this.origin}: the journal does not hold leaf ${this.acknowledged} any more`,
      )
    }
    return { messages: made.map(({ value }) => ({ key: this.origin, value })), to: last.to }
  }

  #made(mostBytes: number): readonly MadeMessage[] {
    return this.#journal.read(this.acknowledged, this.durable, mostBytes).map((commit) => {
      const value = encodeCommit(commit)
      this.#kept.keep(commit.first, value)
      return { value, to: commit.first + commit.count }
    })
  }

  stored(to: number, now: number): void {
    const records = to - this.acknowledged
    this.acknowledged = to
    this.backlog.reached(to)
    if (to > this.readBack) this.unread.add({ to, records, bytes: 0, since: now })
  }

  /** Everything that is stored was read: what was not seen is not there. Answers what was acknowledged of it, once. */
  settle(): Extract<Seen, { kind: 'lost' }> | undefined {
    const loss = this.#loss(this.readBack, this.acknowledged)
    this.acknowledged = this.readBack
    this.backlog.reached(this.acknowledged)
    this.unread.reached(Infinity)
    this.#kept.clear()
    return loss
  }

  /** The log begins anew: nothing of it was read. */
  forget(readBack: number | undefined): void {
    this.#readBack = readBack
    this.#lostAt = -1
  }

  seen(value: Buffer | undefined): Seen {
    const theirs = decodeCommit(value)
    const why = theirs === undefined ? 'unreadable' : this.#misfit(theirs, value)
    if (theirs === undefined || why !== undefined) {
      const index = theirs?.first ?? this.readBack
      const divergence = { chain: this.origin, index, why: why ?? 'unreadable', theirs } as const
      return { kind: 'diverges', divergence }
    }
    const { count, first } = theirs
    this.#readBack ??= first
    if (first > this.#readBack) return this.#loss(this.#readBack, first) ?? { kind: 'fits' }
    this.#readBack = Math.max(this.#readBack, first + count)
    this.unread.reached(this.#readBack)
    return { kind: 'fits' }
  }

  #misfit(theirs: Commit, value: Buffer = Buffer.alloc(0)): 'ahead' | 'other' | undefined {
    if (this.#kept.take(theirs.first)?.equals(value) === true) return undefined
    const end = theirs.first + theirs.count
    if (end > this.durable) return 'ahead'
    const [ours] = this.#journal.read(theirs.first, end, 1)
    return ours !== undefined && isSameCommit(ours, theirs) ? undefined : 'other'
  }

  /** Before an acknowledgement it is no loss: what is behind will be sent again, in order. */
  #loss(from: number, to: number): Extract<Seen, { kind: 'lost' }> | undefined {
    if (this.acknowledged <= from || this.#lostAt === from) return undefined
    this.#lostAt = from
    return { kind: 'lost', from, to }
  }
}
