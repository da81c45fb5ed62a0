/**
 * The exchanges of this gateway, newest last, as far back as memory is given: which leaves belong to an exchange, whose it is and what
 * became of it, so that its parties can ask for its receipt again, and a repeated call be told. A projection of the chains, of this
 * process's and of the earlier ones that a start reads: losing it loses nothing.
 */
import type { ExchangeId, SubsystemId } from '../../policies/vocabulary.ts'
import type { OutcomeKind } from '../ledger/events.ts'

export interface LeafPlace {
  readonly chain: string
  readonly index: number
}

export interface RememberedExchange {
  readonly consumer: SubsystemId
  readonly provider: SubsystemId
  /** Where its intent or denial stands. */
  readonly decision: LeafPlace
  /** Where its outcome stands, once there is one; after a crash in a later chain than its intent. */
  outcome?: LeafPlace
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

  ended(id: ExchangeId, outcome: OutcomeKind, place: LeafPlace): void {
    const exchange = this.#exchanges.get(id)
    if (exchange === undefined) return
    exchange.outcome = place
    exchange.state = outcome
  }

  of(id: ExchangeId): RememberedExchange | undefined {
    return this.#exchanges.get(id)
  }
}
