/** One lane as its reader sees it: where it stands, and the own chains on it, oldest first. */
import type { Lane, LogMessage, ReadPart } from '../ports/log-transport.ts'
import type { JournalledChain } from '../ports/chain-journal.ts'
import { FollowedChain, type Divergence } from './followed-chain.ts'
import { nameOf } from './lane-of.ts'
import { decodeCommit } from './message.ts'

/** How far a lane was read back, to be kept over a restart: where to begin reading, and what of ours stands before. */
export interface Progress {
  readonly lane: string
  /** Of the newest commit of ours that was read. */
  readonly offset: number
  readonly low: number
  /** Leaves of the chain before that commit; the chains before it are there whole. Of published checkpoints: how many stand before. */
  readonly chain: string | undefined
  readonly size: number
}

export type Finding =
  | { readonly kind: 'lost'; readonly chain: string; readonly from: number; readonly to: number }
  | { readonly kind: 'truncated'; readonly from: number; readonly to: number }
  | { readonly kind: 'rolled-back'; readonly from: number; readonly to: number }
  | { readonly kind: 'diverges'; readonly divergence: Divergence }
  /** Published checkpoints. */
  | { readonly kind: 'lost-notes'; readonly from: number; readonly to: number }
  /** Under the name of a chain of ours, and not what is expected next: a repeat, or what it must not be. */
  | { readonly kind: 'note'; readonly chain: string; readonly note: string }

export interface Batch {
  readonly chain: FollowedChain
  readonly messages: readonly LogMessage[]
  readonly to: number
}

export interface LaneStart {
  /** What the last process left; a hint, and no more. */
  readonly from: Progress | undefined
  readonly now: number
  /** The chains before those given, oldest first: wanted only where the lane is read from its beginning after all. */
  readonly older?: () => readonly JournalledChain[]
}

export class FollowedLane {
  readonly lane: Lane
  readonly chains: FollowedChain[]
  /** Where the next read begins. */
  offset: number
  isAtEnd = false
  #low: number | undefined
  #progress: Omit<Progress, 'lane' | 'low'>
  /** Until the commit that the hint names was seen where the hint says. */
  #isHinted: boolean
  #older: LaneStart['older']

  constructor(lane: Lane, chains: readonly JournalledChain[], { from, now, older }: LaneStart) {
    this.lane = lane
    const at = chains.findIndex(({ origin }) => origin === from?.chain)
    const known = at >= 0 ? from : undefined
    this.chains = chains.map((chain, number) => {
      const stored = number < at ? chain.size : number === at ? (known?.size ?? 0) : 0
      return new FollowedChain(chain, stored, now)
    })
    this.offset = known?.offset ?? 0
    this.#low = known?.low
    this.#progress = { offset: this.offset, chain: known?.chain, size: known?.size ?? 0 }
    this.#isHinted = known !== undefined
    this.#older = older
  }

  get isBehind(): boolean {
    return this.chains.some((chain) => chain.hasBacklog || chain.unread.since !== undefined)
  }

  get unreadSince(): number | undefined {
    let since: number | undefined
    for (const { unread } of this.chains) since ??= unread.since
    return since
  }

  next(mostBytes: number): Batch | undefined {
    const chain = this.chains.find(({ hasBacklog }) => hasBacklog)
    return chain && { chain, ...chain.next(mostBytes) }
  }

  read(part: ReadPart, isOwn: (origin: string) => boolean): readonly Finding[] {
    if (part.high < this.offset) return [this.#rolledBack(part)]
    const findings: Finding[] = []
    const low = this.#low ?? 0
    if (part.low > low) findings.push({ kind: 'truncated', from: low, to: part.low })
    if (this.#isHinted && !this.#isWhereHinted(part)) {
      this.#beginAnew(part)
      return findings
    }
    // Reading from the beginning, where that is gone: what is left of a chain begins somewhere in it.
    if (part.low > this.offset && this.offset <= low) this.#forget(undefined)
    this.#low = part.low
    findings.push(...this.#ownOf(part, isOwn))
    this.offset = part.next
    this.isAtEnd = part.next >= part.high
    return findings
  }

  #ownOf({ messages }: ReadPart, isOwn: (origin: string) => boolean): readonly Finding[] {
    const findings: Finding[] = []
    for (const { key, offset, value } of messages) {
      if (key === undefined || !isOwn(key)) continue
      const finding = this.#seen(key, value, offset)
      if (finding !== undefined) findings.push(finding)
    }
    return findings
  }

  progress(): Progress {
    return { lane: nameOf(this.lane), low: this.#low ?? 0, ...this.#progress }
  }

  #seen(origin: string, value: Buffer | undefined, offset: number): Finding | undefined {
    const chain = this.chains.find((one) => one.origin === origin)
    if (chain === undefined) {
      const theirs = decodeCommit(value)
      const index = theirs?.first ?? 0
      return { kind: 'diverges', divergence: { chain: origin, index, why: 'ahead', theirs } }
    }
    const size = chain.readBack
    const seen = chain.seen(value)
    if (seen.kind === 'diverges') return seen
    if (seen.kind === 'lost') return { ...seen, chain: origin }
    // Not beyond a chain whose end is still to be read back: at the next start it would be taken for whole.
    if (chain.readBack > size && this.#isWholeBefore(chain)) {
      this.#progress = { offset, chain: origin, size }
    }
    return undefined
  }

  #isWholeBefore(chain: FollowedChain): boolean {
    for (const before of this.chains) {
      if (before === chain) return true
      if (before.readBack < before.durable) return false
    }
    return true
  }

  /** The topic may have been made anew, and filled by others since. */
  #isWhereHinted({ high, low, messages, next }: ReadPart): boolean {
    const [first] = messages
    if (first === undefined && next < high) return true
    this.#isHinted = false
    const { chain, offset, size } = this.#progress
    // Nothing is there to be compared: what was before is gone, or what the hint names comes next.
    if (low > offset || high === offset) return true
    const isThere = first?.offset === offset && first.key === chain
    return isThere && decodeCommit(first.value)?.first === size
  }

  #rolledBack(part: ReadPart): Finding {
    const from = this.offset
    this.#beginAnew(part)
    return { kind: 'rolled-back', from, to: part.high }
  }

  /** All that may stand there is known from now on: a chain that the hint left out would be taken for somebody else's. */
  #beginAnew({ low }: ReadPart): void {
    const older = this.#older?.() ?? []
    this.#older = undefined
    this.chains.unshift(...older.map((chain) => new FollowedChain(chain, chain.size, 0)))
    this.offset = low
    this.isAtEnd = false
    this.#isHinted = false
    this.#low = low
    this.#forget(low > 0 ? undefined : 0)
    this.#progress = { offset: low, chain: undefined, size: 0 }
  }

  #forget(readBack: number | undefined): void {
    for (const chain of this.chains) chain.forget(readBack)
  }
}
