/**
 * Step 5: only permitted fields leave, about the person that was decided on; nothing passes beside the projection
 * (design §2): every status, header and error body goes through it or is replaced.
 */
import type { Refusal } from '../../policies/refusal.ts'
import type { FieldRegistration } from '../../policies/service.ts'
import type { FieldName } from '../../policies/vocabulary.ts'
import type { OutcomeKind } from '../ledger/events.ts'
import { whyAborted } from './2-decide.ts'
import type { Intent } from './3-record-intent.ts'
import type { Asking } from './4-call-provider.ts'
import { projectionOf } from './compiled.ts'
import type { ExchangeParts } from './parts.ts'
import { project } from './minimise/project.ts'
import { isPlainJson } from './wire/media-type.ts'

type Answered = Extract<Asking, { kind: 'answered' }>

export interface Minimised {
  readonly kind: 'minimised'
  readonly outcome: Exclude<OutcomeKind, 'unknown'>
  /** Why nothing, or only a problem document, is released. */
  readonly reason?: Refusal | undefined
  /** What the provider said, where it said something whole. */
  readonly answer?: Answered | undefined
  /** What may leave; absent: a problem document for `reason` leaves instead. */
  readonly body?: Buffer | undefined
  readonly passed: readonly FieldName[]
  readonly removed: readonly FieldName[]
  /** Names that are not registered: attacker-controlled, only ever counted and committed to. */
  readonly others: readonly string[]
  readonly subjectCheck?: 'same' | 'provider-asserted' | undefined
}

const NOTHING = { kind: 'minimised' as const, passed: [], removed: [], others: [] }

export function minimise(intent: Intent, asking: Asking, parts: ExchangeParts): Minimised {
  switch (asking.kind) {
    case 'superseded':
      return { outcome: 'not-sent', reason: asking.reason, ...NOTHING }
    case 'not-sent':
      return { outcome: 'not-sent', reason: reasonOf(NOT_SENT, asking.why, parts), ...NOTHING }
    case 'unanswered':
      return { outcome: 'unanswered', reason: reasonOf(UNANSWERED, asking.why, parts), ...NOTHING }
    case 'faulted':
      return { outcome: 'unanswered', reason: 'Server.Internal', ...NOTHING }
    case 'answered':
      return minimiseSafely(intent, asking, parts)
  }
}

const NOT_SENT = {
  unreachable: 'Server.Provider.Unreachable',
  untrusted: 'Server.Provider.Untrusted',
} as const satisfies Record<string, Refusal>

const UNANSWERED = {
  timeout: 'Server.Provider.Timeout',
  broken: 'Server.Provider.Broken',
  'too-large': 'Server.Provider.TooLarge',
} as const satisfies Record<string, Refusal>

function reasonOf<Why extends string>(
  reasons: Readonly<Record<Why, Refusal>>,
  why: Why | 'aborted',
  parts: ExchangeParts,
): Refusal {
  return why === 'aborted' ? whyAborted(parts) : reasons[why]
}

/** What a provider sent must not be able to end an exchange without an outcome, whatever our own mistake. */
function minimiseSafely(intent: Intent, answer: Answered, parts: ExchangeParts): Minimised {
  // RFC 9110 15: nobody could be told what any other status means.
  if (answer.status < 200 || answer.status > 599) {
    return withheld(answer, 'Server.Provider.Unsuitable')
  }
  try {
    return minimiseAnswer(intent, answer)
  } catch (fault) {
    parts.report(fault)
    return withheld(answer, 'Server.Internal')
  }
}

function minimiseAnswer(intent: Intent, answer: Answered): Minimised {
  const { decision, endpoint, subject } = intent.decided
  const success = answer.status < 300
  if (answer.body.length === 0) return minimiseEmpty(answer, success)
  // An error body without a registered schema could hold anything: its status passes, its text does not.
  if (!success && endpoint.errorFields.length === 0) return replaced(answer)
  if (!isPlainJson(answer.headers)) {
    return success ? withheld(answer, 'Server.Provider.Unsuitable') : replaced(answer)
  }
  // An agreement names fields of the answer; what an error may hold is the registration's to say.
  const permitted = success
    ? projectionOf(endpoint, decision.fields, 'fields')
    : projectionOf(endpoint, namesOf(endpoint.errorFields), 'errorFields')
  const projected = project(permitted.projection, answer.body, subject)
  if (projected.kind === 'refused') {
    return success ? withheld(answer, projected.code) : replaced(answer)
  }
  const { body, passed, others, subjectCheck } = projected
  // Not what was in the answer: the consumer reads this record, and a diagnosis that is there at all tells her something.
  const { removed } = permitted
  return {
    kind: 'minimised',
    outcome: 'released',
    answer,
    body,
    passed,
    removed,
    others,
    subjectCheck,
  }
}

function namesOf(fields: readonly FieldRegistration[]): readonly FieldName[] {
  return fields.map(({ name }) => name)
}

/** No content: fine for an error, a redirect, 204 or 205; otherwise it is no answer. */
function minimiseEmpty(answer: Answered, success: boolean): Minimised {
  const mayBeEmpty = !success || answer.status === 204 || answer.status === 205
  if (!mayBeEmpty) return withheld(answer, 'Server.Provider.Malformed')
  return { outcome: 'released', answer, body: answer.body, ...NOTHING }
}

function withheld(answer: Answered, reason: Refusal): Minimised {
  return { outcome: 'withheld', reason, answer, ...NOTHING }
}

function replaced(answer: Answered): Minimised {
  return { outcome: 'released', reason: 'Server.Provider.Refused', answer, ...NOTHING }
}
