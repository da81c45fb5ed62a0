/**
 * The exchanges of this process, newest last, as far back as memory is given: which leaves belong to an exchange and
 * whose it is, so that its parties can ask for its receipt again; and what became of earlier ones that a repeated call may
 * name. A projection of the chains: losing it loses nothing.
 */
import type { ExchangeId, SubsystemId } from '../../policies/vocabulary.ts'
import type { OutcomeKind } from '../ledger/events.ts'

export interface RememberedExchange {
  readonly consumer: SubsystemId
  readonly provider: SubsystemId
  /** Index of the intent or denial leaf in this process's chain; absent: it stands in an earlier one. */
  readonly decision?: number
  /** Index of the outcome leaf in this process's chain, once there is one. */
  outcome?: number
  state: 'asked' | 'denied' | OutcomeKind
}

export class ExchangeHistory {
  readonly #exchanges = new Map<ExchangeId, RememberedExchange>()
  readonly #limit: number

  /** `limit`: how many exchanges are remembered. */
  constructor(limit: number) {
    this.#limit = limit
  }

  began(id: ExchangeId, exchange: RememberedExchange): void {
    this.#exchanges.set(id, exchange)
    if (this.#exchanges.size <= this.#limit) return
    for (const oldest of this.#exchanges.keys()) {
      this.#exchanges.delete(oldest)
      return
    }
  }

  ended(id: ExchangeId, outcome: OutcomeKind, index: number): void {
    const exchange = this.#exchanges.get(id)
    if (exchange === undefined) return
    exchange.outcome = index
    exchange.state = outcome
  }

  /** An outcome of an earlier chain. */
  endedEarlier(id: ExchangeId, outcome: OutcomeKind): void {
    const exchange = this.#exchanges.get(id)
    if (exchange !== undefined) exchange.state = outcome
  }

  of(id: ExchangeId): RememberedExchange | undefined {
    return this.#exchanges.get(id)
  }
}
