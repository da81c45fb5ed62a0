/** The record of a decision: everything that it used, so that it can be made again from the log alone (design §4). */
import { canonicalJson } from '../../policies/canonical-json.ts'
import { Instant, type Digest } from '../../policies/vocabulary.ts'
import type { DecisionRecord } from '../ledger/events.ts'
import { publicCommitment } from '../ledger/public-row.ts'
import type { SealingKey } from '../ports/key-store.ts'
import type { Decided } from './2-decide.ts'
import { decisionText } from './record-text.ts'
import { commitToContent, digestOf, type Nonces, type Opening } from './commitment.ts'

export interface WrittenRecord {
  readonly record: DecisionRecord
  readonly text: string
  readonly public: Digest
  /** Of the commitment to the request, for the provider's receipt. */
  readonly opening: Opening
}

interface Particulars {
  readonly decided: Decided
  readonly nonces: Nonces
  readonly seed: Buffer
  readonly key: SealingKey
  readonly subject: string | undefined
  readonly repeat: string | undefined
  readonly salt: Buffer
}

export function decisionRecord(
  particulars: Particulars,
  state: { readonly revocations: number; readonly configuration: Digest },
): WrittenRecord {
  const { decided, nonces } = particulars
  const { asked, decision } = decided
  const permitted = decision.effect === 'permit'
  const request = commitToContent(nonces.request, Buffer.from(requestTextOf(decided)))
  const record: DecisionRecord = {
    agreement: decision.agreement,
    bases: decision.bases,
    certificate: asked.call.peer.certificate,
    clock: 'system',
    configuration: state.configuration,
    controllers: decision.controllers,
    deadline: permitted ? deadlineOf(decided) : undefined,
    effect: decision.effect,
    evidence: 'asserted',
    exchange: asked.exchange,
    fields: decision.fields,
    heads: {
      manifest: asked.inForce.manifest,
      registry: asked.inForce.registry,
      revocations: state.revocations,
    },
    obligations: decision.obligations,
    purpose: decision.purpose,
    question: decided.question,
    refusals: decision.refusals,
    repeat: particulars.repeat,
    request: request.commitment,
    rules: asked.inForce.rules,
    salt: particulars.salt.toString('base64url'),
    sealed: particulars.key.seal(asked.exchange, detailsOf(particulars)),
    service: asked.serviceHash,
    span: asked.trace?.spanId,
    subject: particulars.subject,
    v: 1,
    verdicts: decision.verdicts,
  }
  return {
    record,
    text: decisionText(record),
    public: publicCommitment(permitted ? 'intent' : 'denial', record),
    opening: request.opening,
  }
}

function deadlineOf(decided: Decided): Instant {
  return Instant.ofMilliseconds(decided.asked.at + decided.asked.service.deadlineMs)
}

/** What the request's commitment covers (design §2, "Commitments"). */
function requestTextOf(decided: Decided): string {
  const { call, headers, rest } = decided.asked
  const contentType =
    headers.contentType === undefined ? '' : `"contentType":${JSON.stringify(headers.contentType)},`
  const query = call.query === undefined ? '' : `,"query":${JSON.stringify(call.query)}`
  // RFC 8785 by hand, since it is made for every request; a test compares it with `canonicalJson`.
  return (
    `{"bodySha256":"${digestOf(call.body ?? '')}",${contentType}"method":${JSON.stringify(call.method)},` +
    `"path":${JSON.stringify(rest)}${query}}`
  )
}

/** RFC 8785 of `{case, official, seed}`: what only the subject's key opens. */
function detailsOf({ decided, seed }: Particulars): Buffer {
  const { caseNumber, official } = decided.asked.headers
  const bare = caseNumber === undefined && official === undefined
  const text = seed.toString('base64url')
  return Buffer.from(
    bare ? `{"seed":"${text}"}` : canonicalJson({ case: caseNumber, official, seed: text }),
  )
}
