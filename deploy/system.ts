/** The real clock and real chance: the only place where they are made. */
import { randomFillSync, randomUUID } from 'node:crypto'
import type { Chance, Clock } from '../gateway/ports/clock.ts'
import { Instant } from '../policies/vocabulary.ts'

/** The wall clock, held where it is when it is set back: times in a chain never decrease. */
export function systemClock(): Clock {
  let latest = Instant.ofMilliseconds(Date.now())
  return {
    now() {
      const now = Date.now()
      if (now > latest) latest = Instant.ofMilliseconds(now)
      return latest
    },
  }
}

// Random bytes are had from the system in larger pieces: one call for many exchanges.
const POOL_BYTES = 16 * 1024

export function systemChance(): Chance {
  let pool = Buffer.alloc(0)
  let used = 0
  return {
    uuid: () => randomUUID(),
    bytes(count) {
      if (count > POOL_BYTES) return randomFillSync(Buffer.alloc(count))
      if (used + count > pool.length) {
        // A new buffer each time: callers own what they were given, and no byte is given twice.
        pool = randomFillSync(Buffer.alloc(POOL_BYTES))
        used = 0
      }
      used += count
      return pool.subarray(used - count, used)
    },
  }
}
