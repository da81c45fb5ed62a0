/** Documents as Cedar entities, made once: what a rule sees of them never depends on the question. */
import type { Agreement, AgreementReference } from './agreement.ts'
import type { CedarEntity, CedarValue, EntityUid } from './cedar-input.ts'
import type { Documents } from './documents/documents.ts'
import type { Member } from './member.ts'
import type { EndpointRegistration, ServiceRegistration } from './service.ts'
import { memberOf } from './vocabulary.ts'
import type { EndpointId, MemberId, ServiceId, SubsystemId } from './vocabulary.ts'

export interface Entities {
  readonly members: ReadonlyMap<MemberId, CedarEntity>
  readonly subsystems: ReadonlyMap<SubsystemId, CedarEntity>
  readonly endpoints: ReadonlyMap<ServiceId, ReadonlyMap<EndpointId, PreparedEndpoint>>
}

export interface PreparedEndpoint {
  readonly service: ServiceRegistration
  readonly registration: EndpointRegistration
  readonly entity: CedarEntity
}

export function prepareEntities(documents: Documents): Entities {
  const members = [...documents.members.values()].map(({ document }) => document)
  const subsystems = members.flatMap((member) =>
    member.subsystems.map(({ id }): [SubsystemId, CedarEntity] => [
      id,
      subsystemEntity(id, member.id),
    ]),
  )
  const services = [...documents.services.values()].map(({ document }) => document)
  return {
    members: new Map(members.map((member) => [member.id, memberEntity(member)])),
    subsystems: new Map(subsystems),
    endpoints: new Map(services.map((service) => [service.id, endpointsOf(service)])),
  }
}

/** Everything that one question touches, each entity once (Cedar refuses a second). */
export function entitiesAround(
  { members, subsystems }: Entities,
  asked: {
    readonly consumer: SubsystemId
    readonly controller: MemberId
    readonly endpoint: PreparedEndpoint
    readonly agreement?: CedarEntity
  },
): readonly CedarEntity[] {
  const own = memberOf(asked.consumer)
  const parties = new Set([own, asked.controller, asked.endpoint.service.controller])
  return [
    ...[...parties].map((id) => members.get(id) ?? unregisteredMember(id)),
    subsystems.get(asked.consumer) ?? subsystemEntity(asked.consumer, own),
    asked.endpoint.entity,
    ...(asked.agreement === undefined ? [] : [asked.agreement]),
  ]
}

function endpointsOf(service: ServiceRegistration): ReadonlyMap<EndpointId, PreparedEndpoint> {
  return new Map(
    service.endpoints.map((registration) => [
      registration.id,
      { service, registration, entity: endpointEntity(service, registration) },
    ]),
  )
}

function memberEntity(member: Member): CedarEntity {
  return {
    uid: memberUid(member.id),
    attrs: {
      kind: member.kind,
      onBehalfOf: member.onBehalfOf.map((id) => reference(memberUid(id))),
    },
    parents: [],
  }
}

/** Stands for a party that no document registers, so that the rules can say so. */
function unregisteredMember(id: MemberId): CedarEntity {
  return { uid: memberUid(id), attrs: { kind: 'unregistered', onBehalfOf: [] }, parents: [] }
}

function subsystemEntity(id: SubsystemId, member: MemberId): CedarEntity {
  return {
    uid: { type: 'Subsystem', id },
    attrs: { member: reference(memberUid(member)) },
    parents: [],
  }
}

function endpointEntity(service: ServiceRegistration, endpoint: EndpointRegistration): CedarEntity {
  const special = endpoint.fields.filter((field) => field.article6)
  return {
    uid: endpointUid(service.id, endpoint.id),
    attrs: {
      controller: reference(memberUid(service.controller)),
      fields: endpoint.fields.map((field) => field.name),
      namesSubject: endpoint.subject !== 'none',
      specialFields: special.map((field) => field.name),
    },
    parents: [],
  }
}

export function agreementEntity(
  agreement: Agreement,
  { id, version }: AgreementReference,
): CedarEntity {
  return {
    uid: { type: 'Agreement', id: `${id}@${String(version)}` },
    attrs: {
      ...(agreement.article6 === undefined ? {} : { article6: agreement.article6 }),
      collectBasis: agreement.collect.basis,
      collectPurposes: agreement.collect.purposes,
      consumer: reference({ type: 'Subsystem', id: agreement.consumer }),
      consumerController: reference(memberUid(agreement.consumerController)),
      discloseBasis: agreement.disclose.basis,
      disclosePurposes: agreement.disclose.purposes,
      endpoints: agreement.endpoints.map((id) => reference(endpointUid(agreement.service, id))),
      fields: agreement.fields,
      onwardUse: agreement.onwardUse,
      providerController: reference(memberUid(agreement.providerController)),
      validFrom: agreement.validFrom,
      validTo: agreement.validTo,
    },
    parents: [],
  }
}

export function memberUid(id: MemberId): EntityUid {
  return { type: 'Member', id }
}

function endpointUid(service: ServiceId, endpoint: EndpointId): EntityUid {
  return { type: 'Endpoint', id: `${service} ${endpoint}` }
}

export function reference(uid: EntityUid): CedarValue {
  return { __entity: uid }
}
