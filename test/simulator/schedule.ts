/** Time that passes only when the simulation says so, and everybody who waits for some of it. */
import { setImmediate as turn } from 'node:timers/promises'
import type { Timers } from '../../gateway/ports/timers.ts'

interface Due {
  readonly at: number
  readonly order: number
  readonly go: () => void
}

export class Schedule implements Timers {
  /** Milliseconds since the beginning. */
  now = 0
  #order = 0
  #due: Due[] = []

  after(milliseconds: number, go: () => void): () => void {
    const due = { at: this.now + milliseconds, order: (this.#order += 1), go }
    this.#due.push(due)
    return () => {
      this.#due = this.#due.filter((other) => other !== due)
    }
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(milliseconds, resolve)
    })
  }

  /** Lets so much time pass; `look` is called after everything that happens. */
  async pass(milliseconds: number, look: () => void = () => undefined): Promise<void> {
    const until = this.now + milliseconds
    await turn()
    for (;;) {
      const next = this.#next()
      if (next === undefined || next.at > until) break
      this.#due = this.#due.filter((other) => other !== next)
      this.now = Math.max(this.now, next.at)
      next.go()
      // What follows from it, as far as it waits for nothing: promises only, no timer, no file, no socket.
      await turn()
      look()
    }
    this.now = until
  }

  #next(): Due | undefined {
    let first = this.#due[0]
    for (const due of this.#due) {
      if (first === undefined || due.at < first.at) first = due
      else if (due.at === first.at && due.order < first.order) first = due
    }
    return first
  }
}
