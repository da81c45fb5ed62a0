/**
 * Step 4: the provider is asked, once, for exactly what was parsed and decided. It gets the intent's receipt with the
 * opening of the request's commitment, so that it can insist: no recorded intent for this very request, no data.
 */
import { subsystemOf } from '../../policies/vocabulary.ts'
import type { Refusal } from '../../policies/refusal.ts'
import { buildReceiptHeader } from '../ledger/receipt.ts'
import type { ProviderAnswer, ProviderRequest } from '../ports/provider.ts'
import { refusedMeanwhile } from './2-decide.ts'
import type { Intent } from './3-record-intent.ts'
import type { ExchangeParts } from './parts.ts'
import { forwardHeaders } from './wire/to-provider.ts'

/** What came back, or why the provider was not asked although the intent was recorded. */
export type Asking =
  | ProviderAnswer
  | { readonly kind: 'superseded'; readonly reason: Refusal }
  /** Our own fault: the request may have left. */
  | { readonly kind: 'faulted' }

/** Never throws: from here on there is an intent, which must get its outcome. */
export async function callProvider(intent: Intent, parts: ExchangeParts): Promise<Asking> {
  if (intent.isLate) return { kind: 'superseded', reason: 'Server.Ledger.Unavailable' }
  // The record took time: a withdrawal, a revocation or an expiry in between counts.
  const reason = refusedMeanwhile(intent.decided, parts)
  if (reason !== undefined) return { kind: 'superseded', reason }
  try {
    return await parts.provider.ask(requestOf(intent))
  } catch (fault) {
    parts.report(fault)
    return { kind: 'faulted' }
  }
}

function requestOf(intent: Intent): ProviderRequest {
  const { asked, pathAndQuery } = intent.decided
  return {
    service: asked.service.id,
    subsystem: subsystemOf(asked.service.id),
    method: asked.call.method,
    pathAndQuery,
    headers: headersOf(intent),
    body: asked.call.body,
    deadlineMs: asked.service.deadlineMs,
    maxResponseBytes: asked.service.maxResponseBytes,
    signal: asked.call.signal,
  }
}

function headersOf(intent: Intent): string[] {
  const { asked, decision } = intent.decided
  if (decision.agreement === undefined) throw new Error('a permit without an agreement')
  return forwardHeaders({
    headers: asked.headers,
    service: asked.service.id,
    id: asked.id,
    requestId: asked.exchange,
    exchange: asked.exchange,
    agreement: decision.agreement.id,
    fields: decision.fields,
    purpose: decision.purpose,
    basis: decision.bases?.disclose,
    trace: asked.trace,
    receipt: buildReceiptHeader(intent.recorded, {
      recordText: intent.written.text,
      opening: { ...intent.written.opening, of: 'request' },
    }),
  })
}
