/**
 * Where lines go, in the background, through a buffer that has an end: what finds no room is dropped and counted. After an error (a
 * full disk, a closed pipe) the lines stay in the buffer and are tried again.
 *
 * Our own, since pino's would wait for a reader that sleeps when the process ends (it writes what is left in an exit handler).
 */
import { constants, openSync, write, writeSync } from 'node:fs'

const BUFFER_BYTES = 4 * 1024 * 1024
/** Less is written after a while only. */
const CHUNK_BYTES = 4_096
const WHILE_MS = 250
const LARGEST_WRITE = 64 * 1024
/** How long somebody who waits for us waits. */
const PATIENCE_MS = 1_000
const PAUSE_MS = 10

export class Destination {
  readonly #descriptor: number
  readonly #now: () => number
  readonly #lines: string[] = []
  /** Of all lines and of what is being written. */
  #bytes = 0
  #rest: Buffer | undefined
  #writing = false
  #tookAt: number
  #timer: NodeJS.Timeout | undefined
  #dropped = 0

  /** `to`: a file, appended to, or a file descriptor. Throws where the file can't be opened. */
  constructor(to: string | number, now: () => number) {
    this.#descriptor = typeof to === 'string' ? openSync(to, 'a', 0o640) : withoutWaiting(to)
    this.#now = now
    this.#tookAt = now()
  }

  get dropped(): number {
    return this.#dropped
  }

  /** Called by pino with one whole line. */
  write(line: string): void {
    const bytes = Buffer.byteLength(line)
    if (this.#bytes + bytes > BUFFER_BYTES) {
      this.#dropped += 1
      return
    }
    this.#lines.push(line)
    this.#bytes += bytes
    if (this.#bytes >= CHUNK_BYTES && this.#timer === undefined) this.#pump()
    else this.#later()
  }

  /**
   * Before this returns, unless nobody has taken anything for a while. What is being written in the background meanwhile is left to
   * that; where it ends in the middle of a line, so does the log.
   */
  flushNow(): void {
    const begun = this.#now()
    const isPatient = (since: number): boolean => this.#now() < since + PATIENCE_MS
    const under = this.#writing ? this.#rest : undefined
    if (under !== undefined) this.#rest = undefined
    const left = under?.length ?? 0
    // Tried once in any case: nothing was taken for long where there was nothing to take.
    do this.#writeNow()
    while (this.#bytes > left && isPatient(begun) && isPatient(this.#tookAt))
    // Lines that nobody took stay; they come behind what is under way.
    if (under !== undefined) this.#putBack(under)
  }

  #putBack(under: Buffer): void {
    if (this.#rest !== undefined) this.#lines.unshift(this.#rest.toString())
    this.#rest = under
  }

  /** Waits until its reader has taken what is left, for a while. */
  async close(): Promise<void> {
    const end = this.#now() + PATIENCE_MS
    while (this.#bytes > 0 && this.#now() < end) {
      if (!this.#writing) this.#pump()
      await new Promise((resolve) => {
        setTimeout(resolve, PAUSE_MS)
      })
    }
    clearTimeout(this.#timer)
  }

  #later(): void {
    if (this.#writing || this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#pump()
    }, WHILE_MS).unref()
  }

  #pump(): void {
    const chunk = this.#next()
    if (this.#writing || chunk === undefined) return
    this.#writing = true
    write(this.#descriptor, chunk, (fault, count) => {
      this.#writing = false
      if (fault === null) this.#took(chunk, count)
      if (fault === null && this.#bytes >= CHUNK_BYTES) this.#pump()
      else if (this.#bytes > 0) this.#later()
    })
  }

  #writeNow(): void {
    const chunk = this.#next()
    if (chunk === undefined) return
    try {
      this.#took(chunk, writeSync(this.#descriptor, chunk))
    } catch {
      // A reader that sleeps, or a disk that is full: it may be better in a moment.
      Atomics.wait(NOTHING, 0, 0, PAUSE_MS)
    }
  }

  #next(): Buffer | undefined {
    if (this.#rest === undefined && this.#lines.length > 0) {
      let bytes = 0
      let count = 0
      while (count < this.#lines.length && bytes < LARGEST_WRITE) {
        bytes += this.#lines[count]?.length ?? 0
        count += 1
      }
      this.#rest = Buffer.from(this.#lines.splice(0, count).join(''))
    }
    return this.#rest
  }

  #took(chunk: Buffer, count: number): void {
    this.#bytes -= count
    this.#rest = count < chunk.length ? chunk.subarray(count) : undefined
    this.#tookAt = this.#now()
  }
}

const NOTHING = new Int32Array(new SharedArrayBuffer(4))

/** A pipe, opened anew so that a write into a full one fails instead of waiting. What can't be opened so is taken as it is. */
function withoutWaiting(descriptor: number): number {
  const { O_APPEND, O_NONBLOCK, O_WRONLY } = constants
  try {
    return openSync(`/proc/self/fd/${String(descriptor)}`, O_WRONLY | O_NONBLOCK | O_APPEND)
  } catch {
    return descriptor
  }
}
