/**
 * A question as Cedar sees it: who wants to collect or disclose (principal), at which endpoint (resource), and what was
 * asked (context). Built once, for both sides and both engines.
 */
import { findAgreement } from './agreement-index.ts'
import type { Candidate, Coverage } from './agreement-index.ts'
import type { CedarEntity, CedarInput, CedarRecord, CedarValue, EntityUid } from './cedar-input.ts'
import { entitiesAround, memberUid, reference } from './entities.ts'
import type { PreparedEndpoint } from './entities.ts'
import { brokenBounds } from './parameter-bounds.ts'
import type { BrokenBounds } from './parameter-bounds.ts'
import type { Question, Side } from './question.ts'
import type { RuleBook } from './rule-book.ts'
import { impliedPurpose } from './settle-purpose.ts'
import { memberOf } from './vocabulary.ts'
import type { FieldName, MemberId, PurposeCode } from './vocabulary.ts'

export interface Framed {
  /** Absent where an entity that the rules need is missing: then there is nothing to evaluate. */
  readonly inputs: Readonly<Record<Side, CedarInput>> | undefined
  readonly found: Candidate | undefined
  readonly purpose: PurposeCode | undefined
  readonly fields: readonly FieldName[]
  readonly controllers: {
    readonly consumer: MemberId
    readonly provider: MemberId
    readonly processor?: MemberId
  }
}

const COLLECT: EntityUid = { type: 'Action', id: 'collect' }
const DISCLOSE: EntityUid = { type: 'Action', id: 'disclose' }
const NOTHING_BROKEN: BrokenBounds = { persons: [], matter: [] }

export function frame(question: Question, book: RuleBook): Framed {
  const own = book.subsystems.get(question.consumer)?.id ?? memberOf(question.consumer)
  const controller = question.representedParty ?? own
  const purpose = question.purpose ?? impliedPurpose(question, book)
  const { consumer, service, at } = question
  const found = findAgreement(book.agreements, {
    consumer,
    service,
    endpoint: question.endpoint,
    controller,
    purpose,
    at,
  })
  const coverage = found?.covers.get(question.endpoint)
  const endpoint =
    coverage?.endpoint ?? book.entities.endpoints.get(question.service)?.get(question.endpoint)
  const provider = endpoint?.service.controller ?? memberOf(question.service)
  const fields = question.fields ?? coverage?.fields ?? []
  return {
    inputs: inputsOf({ question, book, controller, found, coverage, endpoint, purpose, fields }),
    found,
    purpose,
    fields,
    controllers:
      controller === own
        ? { consumer: controller, provider }
        : { consumer: controller, provider, processor: own },
  }
}

interface Parts {
  readonly question: Question
  readonly book: RuleBook
  readonly controller: MemberId
  readonly found: Candidate | undefined
  readonly coverage: Coverage | undefined
  readonly endpoint: PreparedEndpoint | undefined
  readonly purpose: PurposeCode | undefined
  readonly fields: readonly FieldName[]
}

function inputsOf(parts: Parts): Framed['inputs'] {
  const { endpoint, found, controller } = parts
  if (endpoint === undefined) return undefined
  const entities = entitiesOf(parts, endpoint)
  const principal = memberUid(controller)
  const provider = memberUid(endpoint.service.controller)
  const resource = endpoint.entity.uid
  const needed = [principal, provider, resource, { type: 'Subsystem', id: parts.question.consumer }]
  if (found !== undefined) needed.push(found.entity.uid)
  // Cedar skips a forbid that asks a missing entity, and then allows (design D12).
  if (!needed.every((uid) => isPresent(uid, entities))) return undefined
  const context = contextOf(parts)
  return {
    collect: { principal, action: COLLECT, resource, context, entities },
    disclose: { principal: provider, action: DISCLOSE, resource, context, entities },
  }
}

function entitiesOf(
  { question, book, controller, found, coverage }: Parts,
  endpoint: PreparedEndpoint,
): readonly CedarEntity[] {
  if (found === undefined) {
    return entitiesAround(book.entities, { consumer: question.consumer, controller, endpoint })
  }
  if (coverage !== undefined && controller === found.agreement.consumerController) {
    return coverage.entities
  }
  const agreement = found.entity
  return entitiesAround(book.entities, {
    consumer: question.consumer,
    controller,
    endpoint,
    agreement,
  })
}

function contextOf({ question, found, coverage, purpose, fields }: Parts): CedarRecord {
  const broken =
    coverage === undefined
      ? NOTHING_BROKEN
      : brokenBounds(coverage.bounds, question.parameters, question.at)
  const context: Record<string, CedarValue> = {
    at: question.at,
    brokenForMatter: broken.matter,
    brokenForPersons: broken.persons,
    consumer: reference({ type: 'Subsystem', id: question.consumer }),
    fields,
    subjectIdentified: question.subject === 'identified',
  }
  if (found !== undefined) context['agreement'] = found.value
  if (question.basis !== undefined) context['basis'] = question.basis
  if (purpose !== undefined) context['purpose'] = purpose
  return context
}

function isPresent(uid: EntityUid, entities: readonly CedarEntity[]): boolean {
  return entities.some((entity) => entity.uid.id === uid.id && entity.uid.type === uid.type)
}
