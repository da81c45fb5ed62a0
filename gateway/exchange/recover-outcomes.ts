/**
 * After a crash: every intent that has no outcome gets `unknown`, which counts as disclosed, once its recorded deadline has
 * passed (until then its provider may still be answering). Written into the next incarnation's chain.
 */
import type { Instant } from '../../policies/vocabulary.ts'
import type { Entry } from '../ledger/entry.ts'
import type { DecisionRecord, OutcomeRecord } from '../ledger/events.ts'
import { publicCommitment } from '../ledger/public-row.ts'

export interface OpenIntent {
  readonly chain: string
  readonly index: number
  readonly record: DecisionRecord
}

/** Collects open intents from the leaves of a gateway's earlier chains, oldest first. */
export class OpenIntents {
  readonly #open = new Map<string, OpenIntent>()

  take(chain: string, index: number, kind: string, record: unknown): void {
    if (kind === 'intent') {
      const intent = record as DecisionRecord
      this.#open.set(intent.exchange, { chain, index, record: intent })
    }
    if (kind === 'outcome') this.#open.delete((record as OutcomeRecord).exchange)
  }

  all(): readonly OpenIntent[] {
    return [...this.#open.values()]
  }
}

export function deadlineOf({ record }: OpenIntent): Instant {
  return record.deadline ?? record.question.at
}

export function unknownOutcome(intent: OpenIntent, at: Instant, salt: Buffer): Entry {
  const { record, chain, index } = intent
  const outcome: OutcomeRecord = {
    at,
    consumer: record.question.consumer,
    exchange: record.exchange,
    fields: record.fields,
    intent: index,
    intentChain: chain,
    outcome: 'unknown',
    removed: [],
    salt: salt.toString('base64url'),
    service: record.question.service,
    subject: record.subject,
    v: 1,
  }
  return {
    kind: 'outcome',
    record: JSON.stringify(outcome),
    public: publicCommitment('outcome', outcome),
    finishes: true,
  }
}
