/**
 * Step 2: whose data is asked for, under which agreement, and do both sides permit it? The subject is read by the gateway
 * itself, at the place that the registration names; what was parsed here is what step 4 sends.
 */
import { endOf } from '../../policies/agreement-index.ts'
import { decide as decideByRules } from '../../policies/decide.ts'
import type { Decision, Question } from '../../policies/question.ts'
import type { Refusal } from '../../policies/refusal.ts'
import { unregisteredName } from '../../policies/registered-names.ts'
import type { EndpointRegistration } from '../../policies/service.ts'
import { settlePurpose } from '../../policies/settle-purpose.ts'
import type { Instant } from '../../policies/vocabulary.ts'
import type { Asked } from './1-identify.ts'
import { bindRequest, type Bound } from './binding/bind-request.ts'
import { compiled } from './compiled.ts'
import { ended, type Ended } from './ended.ts'
import type { ExchangeParts } from './parts.ts'

export interface Decided {
  readonly kind: 'decided'
  readonly asked: Asked
  readonly endpoint: EndpointRegistration
  /** National number, personal: goes to the key store and to the comparison with the answer, nowhere else. */
  readonly subject: string | undefined
  /** The bytes that were parsed, and that are sent. */
  readonly pathAndQuery: string
  readonly question: Question
  readonly decision: Decision
}

export function decide(asked: Asked, parts: ExchangeParts): Decided | Ended {
  const bound = bindRequest(compiled(asked.service, parts.syntheticIds), {
    method: asked.call.method,
    path: asked.rest,
    query: asked.call.query,
    body: asked.call.body,
    headers: asked.call.headers,
  })
  if (bound.kind === 'refused') return { kind: 'ended', code: bound.code, allow: bound.allow }
  const { book } = asked.inForce
  const question = settlePurpose(questionOf(asked, bound), book)
  if (typeof question === 'string') return ended(question)
  const unknown = unregisteredName(question, book)
  if (unknown !== undefined) return ended(unknown)
  return {
    kind: 'decided',
    asked,
    endpoint: bound.endpoint,
    subject: bound.subject,
    pathAndQuery: bound.pathAndQuery,
    question,
    decision: decideByRules(question, book, asked.inForce.evaluate),
  }
}

function questionOf(asked: Asked, bound: Bound): Question {
  const { purpose, basis, fields, representedParty } = asked.headers
  return {
    at: asked.at,
    ...(basis === undefined ? {} : { basis }),
    consumer: asked.call.peer.subsystem,
    endpoint: bound.endpoint.id,
    ...(fields === undefined ? {} : { fields }),
    parameters: bound.parameters,
    ...(purpose === undefined ? {} : { purpose }),
    ...(representedParty === undefined ? {} : { representedParty }),
    service: asked.service.id,
    subject: bound.subject === undefined ? 'none' : 'identified',
  }
}

/**
 * Asked again before the provider is, and before anything is released: is the caller still there, is the agreement still in force, and
 * would the documents, rules and revocations known now still permit it? Undefined: yes.
 */
export function refusedMeanwhile(decided: Decided, parts: ExchangeParts): Refusal | undefined {
  if (decided.asked.call.signal.aborted) return whyAborted(parts)
  try {
    return changedMeanwhile(decided, parts)
  } catch (fault) {
    // The intent stands: it must get its outcome, and where nobody can say that it is still permitted nothing passes.
    parts.report(fault)
    return 'Server.Internal'
  }
}

/** Who left: the caller, or we. */
export function whyAborted({ hasBrokenOff }: ExchangeParts): Refusal {
  return hasBrokenOff() ? 'Server.Stopped' : 'Client.Request.Abandoned'
}

function changedMeanwhile(decided: Decided, parts: ExchangeParts): Refusal | undefined {
  const now = parts.clock.now()
  const standing = parts.standing(decided.asked.call.peer, now)
  if (standing !== 'good') return standing
  const inForce = parts.inForce()
  if (inForce === decided.asked.inForce && isValid(decided, now)) return undefined
  // What was projected and sent rests on the old registration: only the very same one may be answered under the new.
  if (inForce.service(decided.asked.service.id)?.hash !== decided.asked.serviceHash) {
    return 'Server.Registry.Changed'
  }
  const again = decideByRules({ ...decided.question, at: now }, inForce.book, inForce.evaluate)
  if (again.effect === 'deny') return again.refusals[0] ?? 'Server.Registry.Changed'
  const covered = decided.decision.fields.every((field) => again.fields.includes(field))
  return covered ? undefined : 'Server.Registry.Changed'
}

/** Where nobody can tell until when, it is decided again. */
function isValid({ asked, decision, question }: Decided, now: Instant): boolean {
  const end = endOf(asked.inForce.book.agreements, question, decision.agreement)
  return end !== undefined && now < end
}
