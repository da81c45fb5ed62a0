/**
 * A log server that carries chains to other places: Kafka. It is trusted to keep what it acknowledged where content read-back
 * agrees, and for nothing else: order, completeness and honesty are proven by the trees (design §5).
 */

export type TopicName = 'registry' | 'exchange' | 'checkpoints'

/** One partition of a topic: messages in one order, each with an offset. */
export interface Lane {
  readonly topic: TopicName
  readonly partition: number
}

export interface LogMessage {
  /** Origin of the chain; no personal datum. */
  readonly key: string
  readonly value: Buffer
}

/** What somebody wrote: attacker-controlled. */
export interface ReadMessage {
  readonly offset: number
  readonly key: string | undefined
  readonly value: Buffer | undefined
}

export interface ReadPart {
  readonly messages: readonly ReadMessage[]
  /** Where to read on. Behind the asked-for offset without messages: what stood there is gone. */
  readonly next: number
  /** The first offset that is still there; it moves when records are deleted. */
  readonly low: number
  /**
   * The offset that the next message gets. MUST be before the asked-for offset only where the server said that there is no such
   * offset: the log lost its end.
   */
  readonly high: number
}

export interface LogTransport {
  /** How many partitions the topic `exchange` has; the others have one. */
  readonly partitions: number
  /**
   * What about topics and access is not as it must be: a sentence each, of our own words, that says what to do. Empty: nothing. Throws
   * LogUnavailable where the servers can't be asked.
   */
  check(): Promise<readonly string[]>
  /**
   * A sender that was never used. MUST be a new one to the server as well (another producer id): after a rejection the old one's
   * numbering no longer fits, and the next send on it would be acknowledged and lost.
   */
  openSender(): Promise<LogSender>
  openReader(lane: Lane): Promise<LogReader>
}

export interface LogSender {
  /**
   * All messages or none, in order, on one lane. MUST resolve only when every in-sync replica has them. A rejection means that the
   * outcome is unknown, and that this sender MUST NOT be used again. MUST NOT be called while a call is under way: it throws.
   */
  send(lane: Lane, messages: readonly LogMessage[]): Promise<void>
  /** Gives up what is under way. MUST NOT throw, and MUST end soon whatever the server does. */
  close(): Promise<void>
}

/** Under a principal of its own that may only read. */
export interface LogReader {
  /**
   * From an offset on; waits up to `waitMs` for a first message where there is none. MUST NOT leave out or reorder. Throws
   * LogUnavailable, after which the reader is closed and another one must be opened.
   */
  read(offset: number, waitMs: number): Promise<ReadPart>
  close(): Promise<void>
}

/** Message and name are our own words; what a server said is never part of them. */
export class LogUnavailable extends Error {
  override readonly name = 'LogUnavailable'
}
