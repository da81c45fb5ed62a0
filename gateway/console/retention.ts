/**
 * How long the records of a chain must be kept: a decision as its agreement says, what became of it as long as the decision, everything
 * else as long as the policy says for all.
 */
import type { LeafKind } from '../ledger/entry.ts'
import type { DecisionRecord, OutcomeRecord } from '../ledger/events.ts'

const DAY_MS = 86_400_000

export interface Kept {
  /** Milliseconds: until then. */
  readonly until: number
  readonly exchange?: string | undefined
  readonly subject?: string | undefined
  /** An outcome of an earlier chain's intent. */
  readonly finishes?: { readonly chain: string; readonly intent: number } | undefined
}

/** Fed with the leaves of one chain, in order. */
export class Retention {
  readonly #leastDays: number
  /** By index, of this chain. */
  readonly #days = new Map<number, number>()

  /** `leastDays`: of what no agreement says anything, and of all else at least. */
  constructor(leastDays: number) {
    this.#leastDays = leastDays
  }

  take(index: number, kind: LeafKind, record: unknown): Kept {
    if (kind === 'intent' || kind === 'denial')
      return this.#decision(index, record as DecisionRecord)
    if (kind === 'outcome') return this.#outcome(record as OutcomeRecord)
    const { at, to } = record as { readonly at?: number; readonly to?: number }
    return { until: (at ?? to ?? 0) + this.#leastDays * DAY_MS }
  }

  #decision(index: number, { exchange, obligations, question, subject }: DecisionRecord): Kept {
    const told = obligations.flatMap((each) => (each.kind === 'retention' ? [each.days] : []))
    const days = Math.max(this.#leastDays, ...told)
    this.#days.set(index, days)
    return { until: question.at + days * DAY_MS, exchange, subject }
  }

  #outcome({ at, exchange, intent, intentChain, subject }: OutcomeRecord): Kept {
    const own = intentChain === undefined ? this.#days.get(intent) : undefined
    const finishes = intentChain === undefined ? undefined : { chain: intentChain, intent }
    return { until: at + (own ?? this.#leastDays) * DAY_MS, exchange, subject, finishes }
  }
}
