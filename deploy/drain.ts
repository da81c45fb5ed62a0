/** How a gateway stops: no exchange begins any more, those under way are finished, and nobody who is silent holds it up. */
import { once } from 'node:events'
import type { Server } from 'node:https'
import { setTimeout as pause } from 'node:timers/promises'
import type { Exchange } from '../gateway/exchange/exchange.ts'
import type { Chain } from '../gateway/ledger/entry.ts'

/** How long replies may take to leave once every exchange is over, and requests to arrive in full; milliseconds. */
const LINGER_MS = 1000
const LOOK_MS = 20

export class Drain {
  readonly #finishWithinMs: number
  #stopping = false
  #brokenOff = false
  #underWay = 0

  /** `finishWithinMs`: then what is still under way is broken off; each gets its outcome all the same. */
  constructor(finishWithinMs: number) {
    this.#finishWithinMs = finishWithinMs
  }

  readonly isStopping = (): boolean => this.#stopping

  /** What ends from now on without an answer does so because of us. */
  readonly hasBrokenOff = (): boolean => this.#brokenOff

  /** The same chain, which from the stop on accepts nothing new: what was begun may still be finished. */
  guard(chain: Chain): Chain {
    return {
      origin: chain.origin,
      accepts: () => !this.#stopping && chain.accepts(),
      append: (entry) => chain.append(entry),
      head: () => chain.head(),
      close: () => chain.close(),
    }
  }

  count(exchange: Exchange): Exchange {
    return async (call) => {
      this.#underWay += 1
      try {
        return await exchange(call)
      } finally {
        this.#underWay -= 1
      }
    }
  }

  /** Whose connection is cut gets no answer any more, which ends the exchange. */
  async stop(listener: Server): Promise<void> {
    this.#stopping = true
    const closed = once(listener, 'close')
    listener.close()
    let lingered = 0
    let waited = 0
    const cutting = setInterval(() => {
      // A connection falls idle when its reply has left.
      listener.closeIdleConnections()
      lingered = this.#underWay === 0 ? lingered + LOOK_MS : 0
      waited += LOOK_MS
      const isOver = lingered >= LINGER_MS || waited >= this.#finishWithinMs
      if (!isOver) return
      this.#brokenOff = true
      listener.closeAllConnections()
    }, LOOK_MS)
    await closed
    clearInterval(cutting)
    // Whose caller has left is not on a connection any more, and is finished all the same.
    while (this.#underWay > 0) await pause(LOOK_MS)
  }
}
