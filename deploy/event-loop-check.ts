/**
 * Whether the process keeps up. Measured by a timer of our own: node's histogram of the same (`perf_hooks`) forgets the first delay after
 * each `reset()`, so that where the loop stalls for longer than it is looked at, it has nothing to tell.
 */
import { performance } from 'node:perf_hooks'
import { degraded, ok, type Health } from '../gateway/ports/health.ts'
import type { HealthBounds } from './config/health.ts'

const EVERY_MS = 20
const WINDOW_MS = 1000

/** The longest delay of the window under way and of the one before it, so that no stall is forgotten before it was looked at. */
export class LongestDelay {
  #last: number
  #windowBegan: number
  #longest = 0
  #before = 0

  /** Both in milliseconds of a clock that never goes back. */
  constructor(now: number) {
    this.#last = now
    this.#windowBegan = now
  }

  /** To be called each EVERY_MS: by how much it was late is the delay. */
  tick(now: number): void {
    if (now - this.#windowBegan >= WINDOW_MS) {
      this.#before = this.#longest
      this.#longest = 0
      this.#windowBegan = now
    }
    this.#longest = Math.max(this.#longest, now - this.#last - EVERY_MS)
    this.#last = now
  }

  get milliseconds(): number {
    return Math.max(this.#before, this.#longest)
  }
}

export function addEventLoopCheck(health: Health, bounds: HealthBounds): { close(): void } {
  const delay = new LongestDelay(performance.now())
  const timer = setInterval(() => {
    delay.tick(performance.now())
  }, EVERY_MS).unref()
  health.add('event loop', () => {
    const words = `its longest delay in the last second: ${delay.milliseconds.toFixed(0)} ms`
    if (delay.milliseconds < bounds.eventLoopMs) return ok(words)
    return degraded(words, 'The processor is short: add a gateway or limit who asks most.')
  })
  return {
    close() {
      clearInterval(timer)
    },
  }
}
