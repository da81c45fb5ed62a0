/**
 * Refusals before a decision can come as fast as anybody knocks: of each code a few lines a second are written, and the next one says
 * how many were not.
 */
import type { Line } from './lines.ts'

const LINES_A_SECOND = 10
const SECOND_MS = 1_000

interface Second {
  began: number
  written: number
  left: number
}

export class Thinned {
  readonly #now: () => number
  /** Codes are a closed list, so this is bounded. */
  readonly #seconds = new Map<string, Second>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** Undefined: not to be written. */
  pass(line: Line, code: string): Line | undefined {
    const now = this.#now()
    const second = this.#seconds.get(code) ?? { began: now, written: 0, left: 0 }
    this.#seconds.set(code, second)
    if (now - second.began >= SECOND_MS) {
      second.began = now
      second.written = 0
    }
    if (second.written >= LINES_A_SECOND) {
      second.left += 1
      return undefined
    }
    second.written += 1
    const { left } = second
    second.left = 0
    return left === 0 ? line : { ...line, fields: { ...line.fields, notWritten: left } }
  }
}
