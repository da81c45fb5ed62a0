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
import type { FollowedLane, Progress } from './followed-lane.ts'
import { nameOf } from './lane-of.ts'

export type Next =
  | { readonly kind: 'open' }
  /** Every lane is read to its end, beginning now. */
  | { readonly kind: 'read-back' }
  | { readonly kind: 'send'; readonly lane: Lane; readonly messages: readonly LogMessage[] }
  | { readonly kind: 'rest' }
  | { readonly kind: 'halt' }

/** What the operator must know. All but `unreachable` and `unread` stay until the process ends: nothing of ours can undo them. */
export type Alarm =
  'unreachable' | 'unread' | 'lost' | 'truncated' | 'rolled-back' | 'foreign' | 'diverged'

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
  readonly chain: FollowedChain | undefined
  readonly lane: FollowedLane
  readonly to: number
}

export class Replication {
  readonly lanes: readonly FollowedLane[]
  readonly #parts: ReplicationParts
  #sender: 'none' | 'unsure' | 'ready' | 'sending' = 'none'
  #underWay: UnderWay | undefined
  readonly #alarms = new Set<Alarm>()

  /** Lanes in the order of their urgency. */
  constructor(lanes: readonly FollowedLane[], parts: ReplicationParts) {
    this.lanes = lanes
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
      const { chain, messages, to } = batch
      this.#sender = 'sending'
      this.#underWay = { chain, lane, to }
      return { kind: 'send', lane: lane.lane, messages }
    }
    return undefined
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
        if (lost !== undefined) this.#found(lane, { ...lost, chain: chain.origin })
        this.#parts.stored(chain.origin, chain.acknowledged)
      }
    }
    this.#sender = 'ready'
    this.#end('unreachable')
  }

  acknowledged(): void {
    const { chain, lane, to } = this.#take()
    if (this.#sender === 'sending') this.#sender = 'ready'
    this.#end('unreachable')
    if (chain === undefined) {
      lane.postStored(to)
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
    for (const finding of lane.read(part, this.#parts.isOwn)) this.#found(lane, finding)
  }

  /** Looks at the clock: once a second. */
  look(): void {
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
    return this.lanes.some((lane) => lane.isBehind)
  }

  /** Whether it is known what the log servers have. */
  get isSure(): boolean {
    return this.#sender === 'ready' || this.#sender === 'sending'
  }

  get alarms(): ReadonlySet<Alarm> {
    return this.#alarms
  }

  progress(): readonly Progress[] {
    return this.lanes.map((lane) => lane.progress())
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

  #found(lane: FollowedLane, finding: ReturnType<FollowedLane['read']>[number]): void {
    const where = nameOf(lane.lane)
    switch (finding.kind) {
      case 'lost':
        this.#begin(
          'lost',
          `${finding.chain}: leaves ${finding.from} to ${finding.to - 1} were acknowledged and are not in ${where}; ` +
            'they are sent again from the journal. Look after the log servers: they lost records.',
        )
        this.#mistrust()
        return
      case 'truncated':
        this.#begin(
          'truncated',
          `${where}: the records before offset ${finding.to} are gone, from ${finding.from} on; ` +
            'somebody deleted them, or a retention is set. The journal still holds them.',
        )
        return
      case 'rolled-back':
        this.#begin(
          'rolled-back',
          `${where} ended at offset ${finding.from} and now ends at ${finding.to}: the log servers lost its end. ` +
            'It is read anew, and what is missing is sent again from the journal.',
        )
        this.#mistrust()
        return
      case 'diverges':
        if (this.#parts.isSigned(finding.divergence)) this.#diverge(finding.divergence)
        else this.#begin('foreign', foreignSentence(finding.divergence, where))
    }
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

/** Whoever may write there could otherwise stop us for good with one message. */
function foreignSentence({ chain }: Divergence, where: string): string {
  return (
    `${chain}: somebody who does not have our key wrote under this name into ${where}, and is passed over. ` +
    'Find out who may write there, and take that right away.'
  )
}

function sentenceOf({ chain, index, why }: Divergence): string {
  const what = {
    unreadable: 'a message under this name that is no commit at all',
    ahead: 'leaves that this folder does not hold',
    other: 'other leaves than this folder holds',
  }[why]
  return (
    `${chain}: the log servers have ${what}, from leaf ${index} on. Another process writes under our name (a cloned ` +
    'folder, or one restored from a backup while the newer one was used): nothing is recorded or sent any more. ' +
    'Stop both, keep both folders, and run gongdao verify.'
  )
}
