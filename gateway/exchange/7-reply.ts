/** Step 7: body, X-Road headers and receipt. Nothing is decided here. */
import type { Refusal } from '../../policies/refusal.ts'
import { ExchangeId } from '../../policies/vocabulary.ts'
import { buildReceiptHeader } from '../ledger/receipt.ts'
import type { Denied } from './3-record-intent.ts'
import type { RecordedOutcome } from './6-record-outcome.ts'
import type { Call, Reply } from './call.ts'
import type { Ended } from './ended.ts'
import type { ExchangeParts } from './parts.ts'
import { ownHeaders } from './own-headers.ts'
import { acceptIn, problem } from './problem.ts'

export function reply(outcome: RecordedOutcome): Reply {
  const { draft, opening, recorded, recordText } = outcome
  const receipt = buildReceiptHeader(recorded, {
    recordText,
    ...(opening && { opening: { ...opening, of: 'released' } }),
  })
  return { ...draft, headers: [...draft.headers, 'Exchange-Receipt', receipt] }
}

/** A denial, recorded: the caller is told the first refusal, the leaf has all. */
export function replyRefused(denied: Denied): Reply {
  const { asked, decision } = denied.decided
  const code: Refusal = decision.refusals[0] ?? 'Client.Policy.NoBasis'
  const refused = problem(code, { accept: asked.headers.accept, exchange: asked.exchange })
  return {
    ...refused,
    headers: [
      ...refused.headers,
      ...ownHeaders(asked),
      'Exchange-Receipt',
      buildReceiptHeader(denied.recorded, { recordText: denied.written.text }),
    ],
  }
}

/** Ended before a decision: counted by member and code, no leaf of its own. */
export function replyEarly(end: Ended, call: Call, parts: ExchangeParts): Reply {
  parts.refusedEarly(end.code, call.peer)
  const refused = problem(end.code, { accept: acceptIn(call.headers), allow: end.allow })
  return end.first === undefined
    ? refused
    : { ...refused, headers: [...refused.headers, ...stateOf(end.first, parts)] }
}

function stateOf(first: string, parts: ExchangeParts): readonly string[] {
  const state = parts.history.of(ExchangeId.parse(first))?.state ?? 'asked'
  return ['Exchange-Id', first, 'Exchange-State', state]
}
