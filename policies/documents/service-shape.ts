import type { EndpointRegistration, ServiceRegistration } from '../service.ts'
import { CategoryCode, EndpointId, FieldName, MemberId, ServiceId } from '../vocabulary.ts'
import { wording } from './common-shapes.ts'
import { checkEndpoint, checkEndpoints } from './endpoint-checks.ts'
import {
  checked,
  distinct,
  flag,
  list,
  matching,
  object,
  oneOf,
  optional,
  text,
  whole,
  word,
} from './shape.ts'
import type { Reader } from './shape.ts'

const SECOND = 1000
const MEBIBYTE = 1024 * 1024

const pointer = matching(
  /^(?:\/(?:[^~/]|~[01])+)+$/,
  'an RFC 6901 pointer such as /records/*/amount',
)
const parameterName = matching(/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/, 'the name of a parameter')
const code = matching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'a code without spaces')

const parameter = object({
  name: parameterName,
  in: oneOf('path', 'query', 'body'),
  pointer: optional(pointer),
  type: oneOf('year', 'date', 'code', 'integer', 'national-id', 'boolean', 'text'),
  list: flag,
  required: flag,
  codes: optional(distinct(list(code, { least: 1 }))),
  maxLength: optional(whole(1, 10_000)),
})

const field = object({
  name: word(FieldName),
  pointer,
  type: oneOf('national-id', 'text', 'code', 'date', 'year', 'integer', 'number', 'boolean'),
  nullable: flag,
  maxLength: optional(whole(1, 100_000)),
  pattern: optional(text(200)),
  category: word(CategoryCode),
  article6: flag,
  title: wording,
})

const fields = distinct(list(field), ({ name }) => name)

const endpoint: Reader<EndpointRegistration> = checked(
  object({
    id: word(EndpointId),
    method: oneOf('GET', 'POST', 'PUT', 'PATCH', 'DELETE'),
    path: matching(
      /^(?:\/(?:[A-Za-z0-9._~-]+|\{[A-Za-z][A-Za-z0-9_.-]*\}))+$/,
      'a path of plain segments and {parameters}',
    ),
    title: wording,
    parameters: distinct(list(parameter, { most: 100 }), ({ name }) => name),
    requestType: optional(oneOf('application/json')),
    subject: parameterName,
    subjectInResponse: matching(/^(?:none|(?:\/(?:[^~/]|~[01])+)+)$/, 'a pointer, or none'),
    fields,
    errorFields: fields,
    responseHeaders: distinct(
      list(matching(/^[a-z0-9-]{1,64}$/, 'the name of a header in lower case')),
    ),
  }),
  checkEndpoint,
)

export const service: Reader<ServiceRegistration> = checked(
  object({
    id: word(ServiceId),
    version: whole(1, 1_000_000),
    title: wording,
    controller: word(MemberId),
    endpoints: distinct(list(endpoint, { least: 1, most: 200 }), ({ id }) => id),
    deadlineMs: whole(100, 120 * SECOND),
    maxRequestBytes: whole(0, 16 * MEBIBYTE),
    maxResponseBytes: whole(1, 64 * MEBIBYTE),
  }),
  checkEndpoints,
)
