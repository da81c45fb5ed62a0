/** A machine's clock that can be set; as a process sees it, it never goes back (deploy/system.ts). */
import type { Clock } from '../../gateway/ports/clock.ts'
import { Instant } from '../../policies/vocabulary.ts'
import type { Schedule } from './schedule.ts'

export const BEGINNING = Instant.parse('2026-11-22T12:00:00+08:00')

export class MachineClock {
  readonly #schedule: Schedule
  #offset = 0
  /** Ever: a process may still go by what it showed then. */
  wasSet = false

  constructor(schedule: Schedule) {
    this.#schedule = schedule
  }

  jump(milliseconds: number): void {
    this.wasSet = true
    this.#offset += milliseconds
  }

  /** Answers by how much it goes back. */
  setRight(): number {
    const back = this.#offset
    this.#offset = 0
    return Math.max(0, back)
  }

  /** The clock of one process. */
  forProcess(): Clock {
    let latest = -Infinity
    return {
      now: () => {
        latest = Math.max(latest, Math.floor(BEGINNING + this.#schedule.now + this.#offset))
        return Instant.ofMilliseconds(latest)
      },
    }
  }
}
