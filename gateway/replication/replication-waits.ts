/** Who waits for leaves to be at the log server. */
import type { Waits } from './replicated-chain.ts'

interface Waiter {
  readonly size: number
  readonly since: number
  readonly done: (stored: boolean) => void
}

export class ReplicationWaits implements Waits {
  readonly #now: () => number
  readonly #mostMs: number
  readonly #stored = new Map<string, number>()
  /** By chain, in the order of the asking; sizes come nearly sorted. */
  readonly #waiting = new Map<string, Waiter[]>()
  #isOver = false
  /** Somebody waited in vain, and nothing was stored since: nobody else waits as long. */
  #isLate = false

  constructor(mostMs: number, now: () => number) {
    this.#mostMs = mostMs
    this.#now = now
  }

  until(origin: string, size: number): Promise<boolean> {
    if ((this.#stored.get(origin) ?? 0) >= size) return Promise.resolve(true)
    if (this.#isOver || this.#isLate) return Promise.resolve(false)
    return new Promise((done) => {
      const waiting = this.#waiting.get(origin) ?? []
      waiting.push({ size, since: this.#now(), done })
      this.#waiting.set(origin, waiting)
    })
  }

  stored(origin: string, size: number): void {
    this.#isLate = false
    this.#stored.set(origin, size)
    this.#settle(origin, (waiter) => (waiter.size <= size ? true : undefined))
  }

  /** Whoever waited longer than anybody should is told so. */
  expire(): void {
    const before = this.#now() - this.#mostMs
    for (const [origin, waiting] of this.#waiting) {
      if ((waiting[0]?.since ?? Infinity) < before) this.#isLate = true
      this.#settle(origin, ({ since }) => (since < before ? false : undefined))
    }
  }

  /** Nothing will be stored any more. */
  end(): void {
    this.#isOver = true
    for (const origin of this.#waiting.keys()) this.#settle(origin, () => false)
  }

  #settle(origin: string, verdict: (waiter: Waiter) => boolean | undefined): void {
    const waiting = this.#waiting.get(origin)
    if (waiting === undefined || waiting.length === 0) return
    const left = waiting.filter((waiter) => {
      const stored = verdict(waiter)
      if (stored !== undefined) waiter.done(stored)
      return stored === undefined
    })
    this.#waiting.set(origin, left)
  }
}
