/**
 * Carries chains to the log server, in the background: does what `Replication` decides. One loop sends, one for each lane reads
 * back, one looks at the clock.
 */
import { LogUnavailable } from '../ports/log-transport.ts'
import type { LogReader, LogSender, LogTransport, ReadPart } from '../ports/log-transport.ts'
import type { Timers } from '../ports/timers.ts'
import type { FollowedLane } from './followed-lane.ts'
import type { Next, Replication } from './replication.ts'

type Followed = Pick<FollowedLane, 'lane' | 'offset' | 'isAtEnd'>

export interface ReplicatorParts {
  readonly replication: Replication
  readonly transport: LogTransport
  readonly timers: Timers
  /** Something was read back: what is to be kept over a restart has changed. */
  readonly advanced: () => void
  /** The clock was looked at: once a second. */
  readonly looked: () => void
  /** A fault of our own, which ends the replication. */
  readonly failed: (fault: unknown) => void
}

const LONG_POLL_MS = 1000
/** Reading back waits for more than one batch: nobody waits for it. */
const BETWEEN_READS_MS = 50
const FIRST_RETRY_MS = 100
const LONGEST_RETRY_MS = 5000
const LOOK_MS = 1000

export class Replicator {
  readonly #parts: ReplicatorParts
  readonly #replication: Replication
  #sender: LogSender | undefined
  #wake: (() => void) | undefined
  #stopped = false
  /** Who waits until a lane was read to its end by a read that began after they asked. */
  readonly #marks = new Map<Followed, (() => void)[]>()
  readonly #readers = new Map<Followed, LogReader>()
  readonly #loops: Promise<void>[] = []
  readonly #pauses = new Set<() => void>()

  constructor(parts: ReplicatorParts) {
    this.#parts = parts
    this.#replication = parts.replication
  }

  start(): void {
    for (const lane of this.#replication.lanes) {
      this.#marks.set(lane, [])
      const take = (part: ReadPart): void => {
        this.#replication.read(lane, part)
      }
      this.#loops.push(this.#guarded(() => this.#readLoop(lane, take)))
    }
    this.#loops.push(
      this.#guarded(() => this.#sendLoop()),
      this.#guarded(() => this.#lookLoop()),
    )
  }

  /** From now on published checkpoints are read back; nothing else waits for that. */
  readPost(): void {
    const { post } = this.#replication
    const take = (part: ReadPart): void => {
      this.#replication.readPost(part)
    }
    this.#loops.push(this.#guarded(() => this.#readLoop(post, take)))
  }

  /** There may be something to send. */
  wake(): void {
    this.#wake?.()
  }

  /** Every lane was read to its end once, from now on. */
  async readAll(): Promise<void> {
    await Promise.all([...this.#marks.keys()].map((lane) => this.#readToEnd(lane)))
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.wake()
    for (const end of [...this.#pauses]) end()
    this.#releaseMarks()
    await this.#closeSender()
    for (const lane of [...this.#readers.keys()]) await this.#closeReader(lane)
    await Promise.all(this.#loops)
  }

  async #guarded(loop: () => Promise<void>): Promise<void> {
    try {
      await loop()
    } catch (fault) {
      this.#parts.failed(fault)
      this.#releaseMarks()
    }
  }

  #releaseMarks(): void {
    for (const marks of this.#marks.values()) for (const done of marks.splice(0)) done()
  }

  async #sendLoop(): Promise<void> {
    let retryMs = FIRST_RETRY_MS
    while (!this.#stopped) {
      const next = this.#replication.next()
      if (next.kind === 'halt') break
      if (await this.#do(next)) {
        retryMs = FIRST_RETRY_MS
      } else {
        await this.#pause(retryMs)
        retryMs = Math.min(LONGEST_RETRY_MS, retryMs * 2)
      }
    }
    await this.#closeSender()
  }

  /** False where the log server did not answer. */
  async #do(next: Exclude<Next, { kind: 'halt' }>): Promise<boolean> {
    switch (next.kind) {
      case 'rest':
        await this.#work()
        return true
      case 'open':
        return this.#open()
      case 'read-back':
        await this.readAll()
        if (this.#stopped) return true
        this.#replication.readAll()
        return this.#replication.isSure
      case 'send':
        return this.#send(next)
    }
  }

  async #open(): Promise<boolean> {
    await this.#closeSender()
    try {
      this.#sender = await this.#parts.transport.openSender()
    } catch (fault) {
      this.#replication.unreachable(wordsOf(fault))
      return false
    }
    this.#replication.opened()
    return true
  }

  async #send({ lane, messages }: Extract<Next, { kind: 'send' }>): Promise<boolean> {
    try {
      await this.#sender?.send(lane, messages)
    } catch (fault) {
      this.#replication.rejected(wordsOf(fault))
      return false
    }
    this.#replication.acknowledged()
    return true
  }

  #work(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined
        resolve()
      }
    })
  }

  async #closeSender(): Promise<void> {
    const sender = this.#sender
    this.#sender = undefined
    await sender?.close()
  }

  async #readLoop(lane: Followed, take: (part: ReadPart) => void): Promise<void> {
    let retryMs = FIRST_RETRY_MS
    while (!this.#stopped) {
      try {
        await this.#readOnce(lane, await this.#readerOf(lane), take)
        retryMs = FIRST_RETRY_MS
      } catch (fault) {
        await this.#closeReader(lane)
        if (!(fault instanceof LogUnavailable)) throw fault
        // Nothing can be sent before this lane is read to its end.
        if (this.#marks.has(lane) && !this.#replication.isSure) {
          this.#replication.unreachable(fault.message)
        }
        await this.#pause(retryMs)
        retryMs = Math.min(LONGEST_RETRY_MS, retryMs * 2)
      }
    }
    await this.#closeReader(lane)
  }

  async #readerOf(lane: Followed): Promise<LogReader> {
    const open = this.#readers.get(lane)
    if (open !== undefined) return open
    const reader = await this.#parts.transport.openReader(lane.lane)
    this.#readers.set(lane, reader)
    return reader
  }

  async #closeReader(lane: Followed): Promise<void> {
    const reader = this.#readers.get(lane)
    this.#readers.delete(lane)
    await reader?.close()
  }

  async #readOnce(
    lane: Followed,
    reader: LogReader,
    take: (part: ReadPart) => void,
  ): Promise<void> {
    // Only who asked before the read began may be told that it came to the end.
    const marks = this.#marks.get(lane) ?? []
    const waiting = marks.splice(0)
    let isAtEnd = false
    try {
      const part = await reader.read(lane.offset, waiting.length > 0 ? 0 : LONG_POLL_MS)
      take(part)
      isAtEnd = lane.isAtEnd
      this.#parts.advanced()
      this.wake()
    } finally {
      if (!isAtEnd) marks.unshift(...waiting)
      // Given up in the middle: nobody reads on, so nobody may wait on.
      if (this.#stopped) this.#releaseMarks()
    }
    if (!isAtEnd) return
    for (const done of waiting) done()
    if (marks.length === 0) await this.#pause(BETWEEN_READS_MS)
  }

  #readToEnd(lane: Followed): Promise<void> {
    return new Promise((resolve) => {
      this.#marks.get(lane)?.push(resolve)
      if (this.#stopped) resolve()
    })
  }

  async #lookLoop(): Promise<void> {
    while (!this.#stopped) {
      await this.#pause(LOOK_MS)
      this.#replication.look()
      this.#parts.looked()
      this.wake()
    }
  }

  #pause(milliseconds: number): Promise<void> {
    if (this.#stopped) return Promise.resolve()
    return new Promise((resolve) => {
      const end = (): void => {
        this.#pauses.delete(end)
        cancel()
        resolve()
      }
      const cancel = this.#parts.timers.after(milliseconds, end)
      this.#pauses.add(end)
    })
  }
}

/** Undefined where they are not ours: then the log server's own may be among them. */
function wordsOf(fault: unknown): string | undefined {
  return fault instanceof LogUnavailable ? fault.message : undefined
}
