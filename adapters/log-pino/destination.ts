/**
 * Where lines go, in the background, through a buffer that has an end: what finds no room is dropped and counted. Errors (a full disk,
 * a closed pipe) leave the lines in the buffer, to be tried again with the next.
 */
import pino from 'pino'

const BUFFER_BYTES = 4 * 1024 * 1024
/** Less is written after a while only. */
const CHUNK_BYTES = 4_096
const WHILE_MS = 250
const PATIENCE_MS = 1_000

export class Destination {
  readonly stream: ReturnType<typeof pino.destination>
  readonly #now: () => number
  #dropped = 0
  #writtenAt: number
  #until = Infinity

  /** `to`: a file, appended to, or a file descriptor. */
  constructor(to: string | number, now: () => number) {
    this.#now = now
    this.#writtenAt = now()
    this.stream = pino.destination({
      dest: to,
      sync: false,
      minLength: CHUNK_BYTES,
      maxLength: BUFFER_BYTES,
      periodicFlush: WHILE_MS,
      // A pipe whose reader sleeps is tried again, but not for ever when somebody waits for us.
      retryEAGAIN: () => now() < this.#until,
    })
    this.stream.on('write', () => {
      this.#writtenAt = now()
    })
    this.stream.on('drop', () => {
      this.#dropped += 1
    })
    this.stream.on('error', ignored)
  }

  get dropped(): number {
    return this.#dropped
  }

  /** At once, unless nothing has been taken from us for a while: then it would wait for ever. */
  flushNow(): void {
    if (this.#now() - this.#writtenAt > PATIENCE_MS) return
    this.#until = this.#now() + PATIENCE_MS
    try {
      this.stream.flushSync()
    } catch {
      // There is nobody to tell.
    }
    this.#until = Infinity
  }

  /** Waits until its reader has taken what is left, for a while. */
  async close(): Promise<void> {
    this.#until = this.#now() + PATIENCE_MS
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, PATIENCE_MS)
      this.stream.flush(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}

function ignored(): void {
  // The lines are still in the buffer.
}
