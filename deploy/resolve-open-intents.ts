/** Intents that a crash left without an outcome get `unknown`, each once its recorded deadline has passed. */
import {
  deadlineOf,
  unknownOutcome,
  type OpenIntent,
} from '../gateway/exchange/recover-outcomes.ts'
import type { Chain } from '../gateway/ledger/entry.ts'
import type { Chance, Clock } from '../gateway/ports/clock.ts'
import type { ExchangeId } from '../policies/vocabulary.ts'

export interface Resolving {
  /** Ends the waiting; answers how many are still open (the next incarnation will find them). */
  stop(): Promise<number>
}

interface Parts {
  readonly clock: Clock
  readonly chance: Chance
  readonly report: (sentence: string) => void
  /** An outcome was recorded: its exchange, its index in `chain`. */
  readonly onResolved: (exchange: ExchangeId, index: number) => void
}

export function resolveOpenIntents(
  intents: readonly OpenIntent[],
  chain: Chain,
  parts: Parts,
): Resolving {
  const waiting = [...intents].sort((a, b) => deadlineOf(a) - deadlineOf(b))
  let timer: NodeJS.Timeout | undefined
  let writing = Promise.resolve()
  let stopped = false

  async function write(): Promise<void> {
    for (let next = waiting[0]; next !== undefined && !stopped; next = waiting[0]) {
      const now = parts.clock.now()
      if (deadlineOf(next) >= now) break
      const { index } = await chain.append(unknownOutcome(next, now, parts.chance.bytes(16)))
      waiting.shift()
      parts.onResolved(next.record.exchange, index)
    }
    plan()
  }

  function plan(): void {
    const [next] = waiting
    if (next === undefined || stopped) return
    const delay = Math.max(1, deadlineOf(next) + 1 - parts.clock.now())
    timer = setTimeout(() => {
      writing = write().catch((fault: unknown) => {
        parts.report(`an outcome 'unknown' could not be recorded: ${String(fault)}`)
      })
    }, delay)
    timer.unref()
  }

  plan()
  return {
    async stop() {
      stopped = true
      clearTimeout(timer)
      await writing
      return waiting.length
    },
  }
}
