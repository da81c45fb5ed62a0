/**
 * Decides what the log server is sent next. Pure: `next` says what to do, and whoever does it tells what came of it.
 *
 * INVARIANT: one send at a time. After a rejection nothing is sent before the sender was thrown away and every lane was read back
 * to its end: offsets can't tell what was lost, only the content can.
 * INVARIANT: what is sent is durable in the journal, byte for byte, and only that; a repeat is byte-identical.
 */
import type { JournalledChain } from '../ports/chain-journal.ts'
import type { Lane, LogMessage, ReadPart } from '../ports/log-transport.ts'
import { FollowedChain, type Divergence } from './followed-chain.ts'
import type { Finding, FollowedLane, Progress } from './followed-lane.ts'
import type { FollowedPost } from './followed-post.ts'
import type { NoteVerdict } from './fork-proof.ts'
import { nameOf } from './lane-of.ts'
import {
  foreignSentence,
  lostSentence,
  rolledBackSentence,
  sentenceOf,
  truncatedSentence,
  UNPUBLISHED,
} from './sentences.ts'

export type Next =
  | { readonly kind: 'open' }
  /** Every lane is read to its end, beginning now. */
  | { readonly kind: 'read-back' }
  | { readonly kind: 'send'; readonly lane: Lane; readonly messages: readonly LogMessage[] }
  | { readonly kind: 'rest' }
  | { readonly kind: 'halt' }

/** What the operator must know. All but `unreachable`, `unread` and `unpublished` stay until the process ends: nothing of ours can undo them. */
export type Alarm =
  | 'unreachable'
  | 'unread'
  | 'unpublished'
  | 'lost'
  | 'truncated'
  | 'rolled-back'
  | 'foreign'
  | 'diverged'

export interface ReplicationBounds {
  readonly backlogRecords: number
  readonly backlogBytes: number
  readonly backlogMs: number
  /** Within this time what was acknowledged must be read back. */
  readonly readBackMs: number
}

export interface ReplicationParts {
  readonly bounds: ReplicationBounds
  /** Whether a chain of this name could only be ours. */
  readonly isOwn: (origin: string) => boolean
  /** Whether whoever wrote that has the key of its chain. */
  readonly isSigned: (divergence: Divergence) => boolean
  /** What stands under the name of a chain of ours among the published checkpoints. */
  readonly judgeNote: (chain: string, note: string) => NoteVerdict
  readonly now: () => number
  /** Once for each time it begins; sentences are of our own words. */
  readonly alarm: (alarm: Alarm, sentence: string) => void
  readonly over: (alarm: Alarm) => void
  /** So many leaves of the chain are at the log server. MUST NOT throw. */
  readonly stored: (origin: string, size: number) => void
  readonly diverged: (divergence: Divergence) => void
}

/** Of one send; the largest commit of a journal is larger than this, and goes alone. */
const MOST_BYTES = 900_000

interface UnderWay {
  /** Undefined: published checkpoints. */
  readonly chain: FollowedChain | undefined
  readonly to: number
}

export class Replication {
  readonly lanes: readonly FollowedLane[]
  /** Comes behind all lanes: a checkpoint is sent when the leaves are that it covers. */
  readonly post: FollowedPost
  readonly #parts: ReplicationParts
  #sender: 'none' | 'unsure' | 'ready' | 'sending' = 'none'
  #underWay: UnderWay | undefined
  readonly #alarms = new Set<Alarm>()

  /** Lanes in the order of their urgency. */
  constructor(lanes: readonly FollowedLane[], post: FollowedPost, parts: ReplicationParts) {
    this.lanes = lanes
    this.post = post
    this.#parts = parts
  }

  next(): Next {
    if (this.#alarms.has('diverged')) return { kind: 'halt' }
    if (this.#sender === 'none') return { kind: 'open' }
    if (this.#sender === 'unsure') return { kind: 'read-back' }
    if (this.#sender === 'sending') throw new Error('one send at a time')
    return this.#nextSend() ?? { kind: 'rest' }
  }

  #nextSend(): Next | undefined {
    for (const lane of this.lanes) {
      const batch = lane.next(MOST_BYTES)
      if (batch === undefined) continue
      return this.#begun(lane.lane, batch)
    }
    const batch = this.post.next()
    return batch && this.#begun(this.post.lane, { chain: undefined, ...batch })
  }

  #begun(lane: Lane, batch: UnderWay & { readonly messages: readonly LogMessage[] }): Next {
    const { chain, messages, to } = batch
    this.#sender = 'sending'
    this.#underWay = { chain, to }
    return { kind: 'send', lane, messages }
  }

  opened(): void {
    this.#sender = 'unsure'
  }

  /**
   * Every lane was read to where it ended after the sender was opened. What was acknowledged and is not there may still come into
   * sight (a new leader shows the end only when its followers have told it); past its time it is lost, and sent again.
   */
  readAll(): void {
    if (this.lanes.some((lane) => lane.unreadSince !== undefined) && !this.#isOverdue) return
    for (const lane of this.lanes) {
      for (const chain of lane.chains) {
        const lost = chain.settle()
        if (lost !== undefined) this.#found(nameOf(lane.lane), { ...lost, chain: chain.origin })
        this.#parts.stored(chain.origin, chain.acknowledged)
      }
    }
    this.#sender = 'ready'
    this.#end('unreachable')
  }

  acknowledged(): void {
    const { chain, to } = this.#take()
    if (this.#sender === 'sending') this.#sender = 'ready'
    this.#end('unreachable')
    if (chain === undefined) {
      this.post.stored(to, this.#parts.now())
      return
    }
    chain.stored(to, this.#parts.now())
    this.#parts.stored(chain.origin, to)
  }

  /** Whether it is stored is unknown. The sender is of no use any more. */
  rejected(why?: string): void {
    this.#underWay = undefined
    this.#sender = 'none'
    this.unreachable(why)
  }

  /** `why`: in our own words. */
  unreachable(why?: string): void {
    const words = why === undefined ? '' : ` (${why})`
    this.#begin(
      'unreachable',
      `the log servers do not answer${words}; what is recorded waits in the journal and is sent when they do`,
    )
  }

  /** What a lane's reader was given. */
  read(lane: FollowedLane, part: ReadPart): void {
    const where = nameOf(lane.lane)
    for (const finding of lane.read(part, this.#parts.isOwn)) this.#found(where, finding)
  }

  readPost(part: ReadPart): void {
    const { bounds, isOwn, now } = this.#parts
    const reading = { isOwn, now: now(), readBackMs: bounds.readBackMs }
    const where = nameOf(this.post.lane)
    for (const finding of this.post.read(part, reading)) this.#found(where, finding)
    this.#end('unpublished')
  }

  /** Looks at the clock: once a second. */
  look(): void {
    this.#lookAtPost()
    if (!this.#isOverdue) {
      this.#end('unread')
      return
    }
    this.#begin(
      'unread',
      'what the log servers acknowledged was not read back in time: no new exchange is accepted. ' +
        'Look whether the reading principal may read and whether records are missing.',
    )
    // Read to the end once more, it shows whether it is lost.
    if (this.#sender === 'ready') this.#mistrust()
  }

  /** Exchanges go on: what is read there proves more, and nothing rests on it. */
  #lookAtPost(): void {
    if (!this.post.isUnreadable(this.#parts.now(), this.#parts.bounds.readBackMs)) return
    this.#begin('unpublished', UNPUBLISHED)
  }

  get #isOverdue(): boolean {
    const since = this.lanes.map(({ unreadSince }) => unreadSince ?? Infinity)
    return Math.min(...since) + this.#parts.bounds.readBackMs < this.#parts.now()
  }

  /** Whether anything new may begin. */
  accepts(): boolean {
    if (this.#alarms.has('diverged') || this.#alarms.has('unread')) return false
    const { backlogBytes, backlogMs, backlogRecords } = this.#parts.bounds
    const { bytes, ageMs, records } = this.backlog()
    return records <= backlogRecords && bytes <= backlogBytes && ageMs <= backlogMs
  }

  backlog(): { readonly records: number; readonly bytes: number; readonly ageMs: number } {
    let [records, bytes] = [0, 0]
    let since = Infinity
    // Asked for several times an exchange.
    for (const { chains } of this.lanes) {
      for (const { backlog } of chains) {
        records += backlog.records
        bytes += backlog.bytes
        since = Math.min(since, backlog.since ?? Infinity)
      }
    }
    return { records, bytes, ageMs: Math.max(0, this.#parts.now() - since) }
  }

  /** Whether anything waits to be sent or to be read back. */
  get isBehind(): boolean {
    if (this.#alarms.has('diverged')) return false
    return this.post.isBehind || this.lanes.some((lane) => lane.isBehind)
  }

  /** Whether it is known what the log servers have. */
  get isSure(): boolean {
    return this.#sender === 'ready' || this.#sender === 'sending'
  }

  get alarms(): ReadonlySet<Alarm> {
    return this.#alarms
  }

  progress(): readonly Progress[] {
    return [...this.lanes, this.post].map((one) => one.progress())
  }

  chain(origin: string): FollowedChain | undefined {
    return this.lanes.flatMap(({ chains }) => chains).find((one) => one.origin === origin)
  }

  /** A chain that begins now; its predecessors on the lane are sent first. */
  follow(lane: FollowedLane, chain: JournalledChain): FollowedChain {
    const followed = new FollowedChain(chain, 0, this.#parts.now())
    lane.chains.push(followed)
    return followed
  }

  #found(where: string, finding: Finding): void {
    switch (finding.kind) {
      case 'lost':
      case 'lost-notes':
        this.#begin('lost', lostSentence(finding, where))
        this.#mistrust()
        return
      case 'truncated':
        this.#begin('truncated', truncatedSentence(finding, where))
        return
      case 'rolled-back':
        this.#begin('rolled-back', rolledBackSentence(finding, where))
        this.#mistrust()
        return
      case 'diverges':
        if (this.#parts.isSigned(finding.divergence)) this.#diverge(finding.divergence)
        else this.#begin('foreign', foreignSentence(finding.divergence.chain, where))
        return
      case 'note':
        this.#judged(finding, where)
    }
  }

  #judged({ chain, note }: Extract<Finding, { kind: 'note' }>, where: string): void {
    const verdict = this.#parts.judgeNote(chain, note)
    if (verdict.kind === 'unsigned') this.#begin('foreign', foreignSentence(chain, where))
    if (verdict.kind !== 'other') return
    const notes = { ours: verdict.ours, theirs: note }
    const index = Math.max(0, verdict.size - 1)
    this.#diverge({ chain, index, why: 'note', theirs: undefined, notes })
  }

  #diverge(divergence: Divergence): void {
    if (this.#alarms.has('diverged')) return
    this.#begin('diverged', sentenceOf(divergence))
    this.#parts.diverged(divergence)
  }

  /** Nothing more is sent on what is known now; one that is under way may still end. */
  #mistrust(): void {
    this.#sender = 'none'
  }

  #take(): UnderWay {
    const underWay = this.#underWay
    if (underWay === undefined) throw new Error('nothing was under way')
    this.#underWay = undefined
    return underWay
  }

  #begin(alarm: Alarm, sentence: string): void {
    const isRepeated = alarm === 'lost' || alarm === 'truncated' || alarm === 'rolled-back'
    if (this.#alarms.has(alarm) && !isRepeated) return
    this.#alarms.add(alarm)
    this.#parts.alarm(alarm, sentence)
  }

  #end(alarm: Alarm): void {
    if (this.#alarms.delete(alarm)) this.#parts.over(alarm)
  }
}
