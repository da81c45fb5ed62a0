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
  const parts = partsOf(question, book)
  const { found, purpose, fields } = parts
  return { inputs: inputsOf(parts), found, purpose, fields, controllers: controllersOf(parts) }
}

function partsOf(question: Question, book: RuleBook): Parts {
  const { consumer, service, endpoint: id, at } = question
  const own = book.subsystems.get(consumer)?.id ?? memberOf(consumer)
  const controller = question.representedParty ?? own
  const purpose = question.purpose ?? impliedPurpose(question, book)
  const sought = { consumer, service, endpoint: id, controller, purpose, at }
  const found = findAgreement(book.agreements, sought)
  const coverage = found?.covers.get(id)
  const endpoint = registeredEndpoint(question, book)
  const fields = question.fields ?? coverage?.fields ?? []
  return { question, book, own, controller, found, coverage, endpoint, purpose, fields }
}

function registeredEndpoint(
  { service, endpoint }: Question,
  { entities }: RuleBook,
): PreparedEndpoint | undefined {
  return entities.endpoints.get(service)?.get(endpoint)
}

function controllersOf({ question, own, controller, endpoint }: Parts): Framed['controllers'] {
  const provider = endpoint?.service.controller ?? memberOf(question.service)
  if (controller === own) return { consumer: controller, provider }
  return { consumer: controller, provider, processor: own }
}

interface Parts {
  readonly question: Question
  readonly book: RuleBook
  /** The consumer's member. */
  readonly own: MemberId
  /** The controller that it acts for: the party represented, or itself. */
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
