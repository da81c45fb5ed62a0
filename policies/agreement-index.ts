/**
 * Which agreement a request falls under. The index is the only thing that grows with the number of agreements, so it
 * is a lookup by consumer and service; the few candidates behind it are compared in a fixed order.
 */
import type { Agreement, AgreementReference } from './agreement.ts'
import type { CedarEntity, CedarValue } from './cedar-input.ts'
import type { Documents, Registered } from './documents/documents.ts'
import { agreementEntity, entitiesAround, reference } from './entities.ts'
import type { Entities, PreparedEndpoint } from './entities.ts'
import { boundsAt } from './parameter-bounds.ts'
import type { EndpointBounds } from './parameter-bounds.ts'
import type { Obligation } from './question.ts'
import type {
  EndpointId,
  FieldName,
  Instant,
  MemberId,
  PurposeCode,
  ServiceId,
  SubsystemId,
} from './vocabulary.ts'

/** One agreement, with everything about it that no question changes. */
export interface Candidate {
  readonly agreement: Agreement
  readonly reference: AgreementReference
  readonly entity: CedarEntity
  /** The agreement as a value in a context. */
  readonly value: CedarValue
  readonly covers: ReadonlyMap<EndpointId, Coverage>
  readonly obligations: readonly Obligation[]
}

/** One endpoint under one agreement. */
export interface Coverage {
  readonly endpoint: PreparedEndpoint
  /** What it allows of this endpoint, sorted. */
  readonly fields: readonly FieldName[]
  readonly bounds: EndpointBounds
  /** All that the rules look at when the consumer acts for the agreement's controller. */
  readonly entities: readonly CedarEntity[]
}

export type AgreementIndex = ReadonlyMap<SubsystemId, ReadonlyMap<ServiceId, readonly Candidate[]>>

export interface Sought {
  readonly consumer: SubsystemId
  readonly service: ServiceId
  readonly endpoint: EndpointId
  /** The controller that the consumer acts for. */
  readonly controller: MemberId
  readonly purpose: PurposeCode | undefined
  readonly at: Instant
}

export function indexAgreements(documents: Documents, entities: Entities): AgreementIndex {
  const index = new Map<SubsystemId, Map<ServiceId, Candidate[]>>()
  for (const registered of documents.agreements) {
    const { consumer, service } = registered.document
    const services = index.get(consumer) ?? new Map<ServiceId, Candidate[]>()
    index.set(consumer, services)
    services.set(service, [...(services.get(service) ?? []), prepare(registered, entities)])
  }
  return index
}

/**
 * The agreement to decide by, or undefined. Among those that cover the endpoint: first those of the acting controller,
 * then those with the declared purpose, those in force, the highest version, the smallest id. One that fits less well
 * is still found, so that the refusal can say what is wrong with it.
 */
export function findAgreement(index: AgreementIndex, sought: Sought): Candidate | undefined {
  let best: Candidate | undefined
  for (const candidate of index.get(sought.consumer)?.get(sought.service) ?? []) {
    if (!candidate.covers.has(sought.endpoint)) continue
    if (best === undefined || fitsBetter(candidate, best, sought)) best = candidate
  }
  return best
}

/** Those in force that cover the endpoint for the acting controller, whatever their purpose. */
export function agreementsInForce(index: AgreementIndex, sought: Sought): readonly Candidate[] {
  return (index.get(sought.consumer)?.get(sought.service) ?? []).filter(
    (candidate) =>
      candidate.covers.has(sought.endpoint) &&
      candidate.agreement.consumerController === sought.controller &&
      isInForce(candidate.agreement, sought.at),
  )
}

function fitsBetter(one: Candidate, other: Candidate, sought: Sought): boolean {
  const fit = fitOf(one.agreement, sought) - fitOf(other.agreement, sought)
  if (fit !== 0) return fit > 0
  const newer = one.agreement.version - other.agreement.version
  return newer === 0 ? one.agreement.id < other.agreement.id : newer > 0
}

function fitOf(agreement: Agreement, { controller, purpose, at }: Sought): number {
  const ofController = agreement.consumerController === controller ? 4 : 0
  const forPurpose = purpose !== undefined && agreement.collect.purposes.includes(purpose) ? 2 : 0
  return ofController + forPurpose + (isInForce(agreement, at) ? 1 : 0)
}

export function isInForce(agreement: Agreement, at: Instant): boolean {
  return agreement.validFrom <= at && at < agreement.validTo
}

/** The first instant at which that agreement is no longer valid; undefined where it is not there. */
export function endOf(
  index: AgreementIndex,
  { consumer, service }: Pick<Sought, 'consumer' | 'service'>,
  reference: AgreementReference | undefined,
): Instant | undefined {
  const candidates = index.get(consumer)?.get(service)
  return candidates?.find((each) => each.reference === reference)?.agreement.validTo
}

function prepare(
  { document: agreement, hash }: Registered<Agreement>,
  entities: Entities,
): Candidate {
  const named = { id: agreement.id, version: agreement.version, hash }
  const entity = agreementEntity(agreement, named)
  const registered = entities.endpoints.get(agreement.service)
  const covers = new Map<EndpointId, Coverage>()
  for (const id of agreement.endpoints) {
    const endpoint = registered?.get(id)
    if (endpoint === undefined) continue
    covers.set(id, coverage({ agreement, endpoint, entity, entities }))
  }
  return {
    agreement,
    reference: named,
    entity,
    value: reference(entity.uid),
    covers,
    obligations: obligationsOf(agreement),
  }
}

function coverage({
  agreement,
  endpoint,
  entity,
  entities,
}: {
  readonly agreement: Agreement
  readonly endpoint: PreparedEndpoint
  readonly entity: CedarEntity
  readonly entities: Entities
}): Coverage {
  const registered = new Set(endpoint.registration.fields.map((field) => field.name))
  return {
    endpoint,
    fields: agreement.fields.filter((field) => registered.has(field)).toSorted(),
    bounds: boundsAt(agreement.parameters, endpoint.registration.parameters),
    entities: entitiesAround(entities, {
      consumer: agreement.consumer,
      controller: agreement.consumerController,
      endpoint,
      agreement: entity,
    }),
  }
}

function obligationsOf(agreement: Agreement): readonly Obligation[] {
  const retention: Obligation = { kind: 'retention', days: agreement.retentionDays }
  return agreement.notifySubject
    ? [{ kind: 'notifySubject', value: 'due' }, retention]
    : [retention]
}
