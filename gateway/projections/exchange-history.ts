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
  /** The ids in the order in which they came, over and over from the front: a Map finds its oldest key slowly. */
  readonly #ring: ExchangeId[] = []
  readonly #limit: number
  #next = 0

  /** `limit`: how many exchanges are remembered. */
  constructor(limit: number) {
    this.#limit = limit
  }

  began(id: ExchangeId, exchange: RememberedExchange): void {
    const oldest = this.#ring[this.#next]
    if (oldest !== undefined) this.#exchanges.delete(oldest)
    this.#ring[this.#next] = id
    this.#next = (this.#next + 1) % this.#limit
    this.#exchanges.set(id, exchange)
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
