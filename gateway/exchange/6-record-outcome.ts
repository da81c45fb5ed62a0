/**
 * Step 6: what became of it is durable, or nothing leaves. Commitments have nonces of their own: the consumer gets the
 * opening of the released body only, since the answer's would let it guess the removed fields.
 */
import { canonicalJson } from '../../policies/canonical-json.ts'
import type { Refusal } from '../../policies/refusal.ts'
import { NotReplicated } from '../ledger/entry.ts'
import type { Recorded } from '../ledger/entry.ts'
import type { OutcomeKind, OutcomeRecord } from '../ledger/events.ts'
import { publicCommitment } from '../ledger/public-row.ts'
import { refusedMeanwhile } from './2-decide.ts'
import { appended } from './appended.ts'
import type { Intent } from './3-record-intent.ts'
import type { Minimised } from './5-minimise.ts'
import type { Reply } from './call.ts'
import { commitToContent, commitToText, type Opening } from './commitment.ts'
import type { ExchangeParts } from './parts.ts'
import { outcomeText } from './record-text.ts'
import { draft } from './draft.ts'

export interface RecordedOutcome {
  readonly kind: 'recorded'
  readonly outcome: OutcomeKind
  readonly reason: Refusal | undefined
  readonly recordText: string
  readonly recorded: Recorded
  /** Of the body released, for the consumer's receipt. */
  readonly opening: Opening | undefined
  readonly draft: Reply
}

export async function recordOutcome(
  intent: Intent,
  minimised: Minimised,
  parts: ExchangeParts,
): Promise<RecordedOutcome> {
  const final = stillPermitted(intent, minimised, parts)
  const reply = draft(intent, final)
  const released =
    final.outcome === 'released' ? commitToContent(intent.nonces.released, reply.body) : undefined
  const record = outcomeRecord(intent, final, released?.commitment, parts)
  const recordText = outcomeText(record)
  const { isLate, recorded } = await appended(parts.ledger, {
    kind: 'outcome',
    record: recordText,
    public: publicCommitment('outcome', record),
    finishes: true,
  })
  const place = { chain: parts.ledger.origin, index: recorded.index }
  parts.history.ended(intent.decided.asked.exchange, final.outcome, place)
  if (isLate) throw new NotReplicated(recorded)
  const { outcome, reason } = final
  return {
    kind: 'recorded',
    outcome,
    reason,
    recordText,
    recorded,
    opening: released?.opening,
    draft: reply,
  }
}

/** Immediately before the outcome is queued: a change since the decision that would refuse keeps the answer back. */
function stillPermitted(intent: Intent, minimised: Minimised, parts: ExchangeParts): Minimised {
  if (minimised.outcome !== 'released') return minimised
  const reason = refusedMeanwhile(intent.decided, parts)
  if (reason === undefined) return minimised
  return {
    kind: 'minimised',
    outcome: 'withheld',
    reason,
    answer: minimised.answer,
    passed: [],
    removed: [],
    others: [],
  }
}

function outcomeRecord(
  intent: Intent,
  final: Minimised,
  released: OutcomeRecord['released'],
  parts: ExchangeParts,
): OutcomeRecord {
  const { asked } = intent.decided
  const { answer, others } = final
  return {
    answer: answer && commitToContent(intent.nonces.answer, answer.body).commitment,
    at: parts.clock.now(),
    consumer: asked.call.peer.subsystem,
    exchange: asked.exchange,
    fields: final.passed,
    intent: intent.recorded.index,
    others:
      others.length === 0
        ? undefined
        : {
            commitment: commitToText(intent.nonces.others, canonicalJson(others)),
            count: others.length,
          },
    outcome: final.outcome,
    reason: final.reason,
    released,
    removed: final.removed,
    salt: parts.chance.bytes(16).toString('base64url'),
    service: asked.service.id,
    status: answer?.status,
    subject: intent.subject,
    subjectCheck: final.subjectCheck,
    v: 1,
  }
}
