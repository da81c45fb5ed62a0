/**
 * Published checkpoints on the topic that all gateways share: sent in the order in which they were kept, and read back. Nobody waits for
 * them, and one that stands there twice does no harm; so what was not seen in time is sent again from the first that was not.
 */
import type { Lane, LogMessage, ReadMessage, ReadPart } from '../ports/log-transport.ts'
import type { Finding, Progress } from './followed-lane.ts'
import { nameOf } from './lane-of.ts'
import { originIn } from './published-on.ts'
import { WaitingLine } from './waiting-line.ts'

/** Every checkpoint that was published, as a message. Only grows. */
export interface Post {
  readonly length: number
  read(from: number, most: number): readonly LogMessage[]
}

/** How what is read back is judged. */
export interface Reading {
  readonly isOwn: (origin: string) => boolean
  readonly now: number
  /** What was acknowledged longer ago and is not there is lost, in milliseconds. */
  readonly readBackMs: number
}

export const CHECKPOINTS: Lane = { topic: 'checkpoints', partition: 0 }

const MOST_SENT = 100
const MOST_COMPARED = 1000
/** A read that finds nothing waits for so long. */
const LONGEST_READ_MS = 1000

export class FollowedPost {
  readonly lane = CHECKPOINTS
  /** Where the next read begins. */
  offset: number
  isAtEnd = false
  #post: Post | undefined
  /** So many of them were read back, in their order. */
  #readBack: number
  /** So many of them need not be sent. */
  #sent = 0
  /** Where the batch that is under way began. */
  #sending = 0
  readonly #unread = new WaitingLine()
  /** Until all that stands there was read nothing is sent. */
  #isSettled = false
  /** Until the newest that was read back is seen where the hint says. */
  #isHinted: boolean
  #low: number | undefined
  #progress: Pick<Progress, 'offset' | 'size'>
  /** Those to be read back next. */
  #awaited: LogMessage[] = []
  #lastRead = 0

  /** `from`: what the last process left; a hint, and no more. */
  constructor(from: Progress | undefined) {
    // So many of ours stand before that offset.
    const known = from !== undefined && from.offset >= from.size ? from : undefined
    this.offset = known?.offset ?? 0
    this.#readBack = known?.size ?? 0
    this.#low = known?.low
    this.#isHinted = known !== undefined
    this.#progress = { offset: this.offset, size: this.#readBack }
  }

  begin(post: Post, now: number): void {
    this.#post = post
    this.#lastRead = now
    // Fewer than were read back: they are others.
    if (post.length < this.#readBack) this.#beginAnew(0)
  }

  get isBehind(): boolean {
    if (this.#post === undefined) return false
    return !this.#isSettled || this.#unread.since !== undefined || this.#sent < this.#post.length
  }

  /** Whether what should be read back can't be read at all. */
  isUnreadable(now: number, readBackMs: number): boolean {
    if (this.#post === undefined || (this.#isSettled && this.#unread.since === undefined)) {
      return false
    }
    return this.#lastRead + readBackMs + LONGEST_READ_MS < now
  }

  next(): { readonly messages: readonly LogMessage[]; readonly to: number } | undefined {
    const messages = this.#isSettled ? (this.#post?.read(this.#sent, MOST_SENT) ?? []) : []
    if (messages.length === 0) return undefined
    this.#sending = this.#sent
    return { messages, to: this.#sent + messages.length }
  }

  stored(to: number, now: number): void {
    // Meanwhile it was found that earlier ones are to be sent again.
    if (this.#sent < this.#sending || !this.#isSettled) return
    this.#sent = Math.max(this.#sent, to)
    if (to > this.#readBack) this.#unread.add({ to, records: 0, bytes: 0, since: now })
  }

  read(part: ReadPart, reading: Reading): readonly Finding[] {
    this.#lastRead = reading.now
    if (part.high < this.offset) return [this.#rolledBack(part)]
    const findings: Finding[] = []
    const low = this.#low ?? 0
    if (part.low > low) findings.push({ kind: 'truncated', from: low, to: part.low })
    this.#low = part.low
    if (this.#isHinted && !this.#isWhereHinted(part)) {
      this.#beginAnew(part.low)
      return findings
    }
    for (const message of part.messages) findings.push(...this.#seen(message, reading))
    this.offset = part.next
    this.isAtEnd = part.next >= part.high
    if (this.isAtEnd) findings.push(...this.#settle(reading))
    return findings
  }

  progress(): Progress {
    return { lane: nameOf(this.lane), low: this.#low ?? 0, chain: undefined, ...this.#progress }
  }

  #seen(message: ReadMessage, { isOwn }: Reading): readonly Finding[] {
    if (isSame(message, this.#expected)) {
      this.#progress = { offset: message.offset, size: this.#readBack }
      this.#awaited.shift()
      this.#readBack += 1
      this.#sent = Math.max(this.#sent, this.#readBack)
      this.#unread.reached(this.#readBack)
      return []
    }
    const note = message.value?.toString() ?? ''
    // An auditor goes by the note, whatever stands in front of it.
    const chain = [originIn(note), message.key].find((name) => name !== undefined && isOwn(name))
    return chain === undefined ? [] : [{ kind: 'note', chain, note }]
  }

  get #expected(): LogMessage | undefined {
    if (this.#awaited.length === 0) {
      this.#awaited = [...(this.#post?.read(this.#readBack, MOST_COMPARED) ?? [])]
    }
    return this.#awaited[0]
  }

  /** All that stands there was read. */
  #settle({ now, readBackMs }: Reading): readonly Finding[] {
    const since = this.#unread.since ?? Infinity
    const isLost = this.#isSettled && since + readBackMs < now
    const lost = { kind: 'lost-notes', from: this.#readBack, to: this.#sent } as const
    if (isLost || !this.#isSettled) this.#sendFrom(this.#readBack)
    this.#isSettled = true
    return isLost ? [lost] : []
  }

  #sendFrom(first: number): void {
    this.#sent = first
    this.#unread.reached(Infinity)
  }

  /** The topic may have been made anew, and filled by others since. */
  #isWhereHinted({ high, low, messages, next }: ReadPart): boolean {
    const [first] = messages
    if (first === undefined && next < high) return true
    this.#isHinted = false
    const { offset } = this.#progress
    // Nothing is there to be compared: what was before is gone, or what the hint names comes next.
    if (low > offset || high === offset) return true
    return first?.offset === offset && isSame(first, this.#expected)
  }

  #rolledBack({ high, low }: ReadPart): Finding {
    const from = this.offset
    this.#beginAnew(low)
    return { kind: 'rolled-back', from, to: high }
  }

  /** Those whose place is gone are sent again, as all that is not seen by the end. */
  #beginAnew(low: number): void {
    this.offset = low
    this.#low = low
    this.isAtEnd = false
    this.#isHinted = false
    this.#isSettled = false
    this.#readBack = 0
    this.#awaited = []
    this.#progress = { offset: low, size: 0 }
    this.#sendFrom(0)
  }
}

function isSame({ key, value }: ReadMessage, kept: LogMessage | undefined): boolean {
  return kept !== undefined && kept.key === key && value?.equals(kept.value) === true
}
