/** Intents that a crash left without an outcome get `unknown`, each once its recorded deadline has passed. */
import { appended } from '../gateway/exchange/appended.ts'
import {
  deadlineOf,
  unknownOutcome,
  type OpenIntent,
} from '../gateway/exchange/recover-outcomes.ts'
import type { Chain } from '../gateway/ledger/entry.ts'
import type { Chance, Clock } from '../gateway/ports/clock.ts'
import { machineTimers, type Timers } from '../gateway/ports/timers.ts'
import type { ExchangeId } from '../policies/vocabulary.ts'
import type { Report } from '../gateway/ports/telemetry.ts'

export interface Resolving {
  /** Ends the waiting; answers how many are still open (the next incarnation will find them). */
  stop(): Promise<number>
}

/** A full disk may have room again. */
const RETRY_MS = 5000

interface Parts {
  readonly clock: Clock
  readonly chance: Chance
  readonly report: Report
  /** An outcome was recorded: its exchange, its index in `chain`. */
  readonly onResolved: (exchange: ExchangeId, index: number) => void
  readonly timers?: Timers
}

export function resolveOpenIntents(
  intents: readonly OpenIntent[],
  chain: Chain,
  parts: Parts,
): Resolving {
  let waiting = [...intents].sort((a, b) => deadlineOf(a) - deadlineOf(b))
  const { timers = machineTimers } = parts
  let cancel: () => void = () => undefined
  let writing = Promise.resolve()
  let stopped = false

  /** All that are due share a batch: a crash under load leaves thousands. */
  async function write(): Promise<void> {
    const now = parts.clock.now()
    const due = waiting.filter((intent) => deadlineOf(intent) < now)
    const written = await Promise.allSettled(
      due.map(async (intent) => {
        const outcome = unknownOutcome(intent, now, parts.chance.bytes(16))
        // Late at the log servers is recorded all the same: again would be a second outcome.
        const { recorded } = await appended(chain, outcome)
        parts.onResolved(intent.record.exchange, recorded.index)
        return intent
      }),
    )
    const done = new Set(written.map((one) => (one.status === 'fulfilled' ? one.value : undefined)))
    waiting = waiting.filter((intent) => !done.has(intent))
    const failed = written.filter(({ status }) => status === 'rejected').length
    if (failed > 0) {
      parts.report(`${String(failed)} outcome(s) 'unknown' could not be recorded yet`, 'watch')
    }
    plan(failed > 0 ? RETRY_MS : 1)
  }

  function plan(leastMs: number): void {
    const [next] = waiting
    if (next === undefined || stopped) return
    const delay = Math.max(leastMs, deadlineOf(next) + 1 - parts.clock.now())
    cancel = timers.after(delay, () => {
      writing = write()
    })
  }

  plan(1)
  return {
    async stop() {
      stopped = true
      cancel()
      await writing
      return waiting.length
    },
  }
}
