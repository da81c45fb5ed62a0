/** Registrations for the tests of binding and minimisation, short to write. */
import type {
  EndpointRegistration,
  FieldRegistration,
  ParameterRegistration,
  ServiceRegistration,
} from '../../policies/service.ts'
import {
  CategoryCode,
  EndpointId,
  FieldName,
  MemberId,
  ServiceId,
} from '../../policies/vocabulary.ts'

const TITLE = { zh: '測試', en: 'test' }

export function endpoint(changes: Partial<EndpointRegistration> = {}): EndpointRegistration {
  const { method = 'GET', path = '/people' } = changes
  return {
    id: EndpointId.parse(`${method} ${path === '' ? '/' : path}`),
    method,
    path,
    title: TITLE,
    parameters: [],
    subject: 'none',
    subjectInResponse: 'none',
    fields: [],
    errorFields: [],
    responseHeaders: [],
    ...changes,
  }
}

export function field(
  name: string,
  pointer: string,
  changes: Partial<FieldRegistration> = {},
): FieldRegistration {
  return {
    name: FieldName.parse(name),
    pointer,
    type: 'text',
    nullable: false,
    maxLength: 100,
    category: CategoryCode.parse('C001'),
    article6: false,
    title: TITLE,
    ...changes,
  }
}

export function parameter(
  name: string,
  changes: Partial<ParameterRegistration> = {},
): ParameterRegistration {
  return {
    name,
    in: 'query',
    type: 'text',
    maxLength: 100,
    list: false,
    required: false,
    ...changes,
  }
}

export function service(...endpoints: readonly EndpointRegistration[]): ServiceRegistration {
  return {
    id: ServiceId.of('TW', 'GOV', 'mof', 'tax', 'income'),
    version: 1,
    title: TITLE,
    controller: MemberId.of('TW', 'GOV', 'mof'),
    endpoints,
    deadlineMs: 1000,
    maxRequestBytes: 4096,
    maxResponseBytes: 65536,
  }
}

export function names(...texts: readonly string[]): ReadonlySet<FieldName> {
  return new Set(texts.map((text) => FieldName.parse(text)))
}
