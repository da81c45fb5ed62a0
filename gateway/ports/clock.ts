import type { Instant } from '../../policies/vocabulary.ts'

/** Time and chance, as arguments (house rule 4). */
export interface Clock {
  /** Never goes back within one process: the wall clock, or the last answer where that is later. */
  now(): Instant
}

export interface Chance {
  uuid(): string
  /** Unpredictable bytes; the caller owns them. */
  bytes(count: number): Buffer
}
