/**
 * A service's registration as OpenAPI 3.1: what may be asked and what may come back, as the gateway will enforce it. The
 * provider is not contacted, and its address is nowhere.
 */
import type {
  EndpointRegistration,
  FieldRegistration,
  ParameterRegistration,
  ServiceRegistration,
} from '../../policies/service.ts'
import type { Wording } from '../../policies/vocabulary.ts'
import type { Reply } from '../exchange/call.ts'
import { bodySchema, fieldSchema, parameterSchema } from './open-api-schema.ts'

export function openApi(service: ServiceRegistration): Reply {
  const document = {
    openapi: '3.1.0',
    info: { title: bilingual(service.title), version: String(service.version) },
    servers: [{ url: `/r1/${service.id}` }],
    paths: pathsOf(service.endpoints),
  }
  return {
    status: 200,
    headers: ['Content-Type', 'application/json; charset=utf-8'],
    body: Buffer.from(JSON.stringify(document)),
  }
}

function pathsOf(endpoints: readonly EndpointRegistration[]): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const endpoint of endpoints) {
    const item = (paths[endpoint.path] ??= {})
    item[endpoint.method.toLowerCase()] = operation(endpoint)
  }
  return paths
}

function operation(endpoint: EndpointRegistration): unknown {
  const inBody = endpoint.parameters.filter((parameter) => parameter.in === 'body')
  return {
    summary: bilingual(endpoint.title),
    parameters: endpoint.parameters.filter((each) => each.in !== 'body').map(parameter),
    ...(endpoint.requestType === undefined ? {} : { requestBody: requestBody(inBody) }),
    responses: {
      '2XX': answer('Only fields that the agreement allows', endpoint.fields),
      ...(endpoint.errorFields.length === 0
        ? {}
        : { '4XX': answer('Error of the provider', endpoint.errorFields) }),
      default: { description: 'Refusal (RFC 9457)', content: { 'application/problem+json': {} } },
    },
  }
}

function parameter(registered: ParameterRegistration): unknown {
  return {
    name: registered.name,
    in: registered.in,
    required: registered.required || registered.in === 'path',
    // Several values stand in one parameter, separated by commas.
    ...(registered.list
      ? { style: registered.in === 'path' ? 'simple' : 'form', explode: false }
      : {}),
    schema: parameterSchema(registered),
  }
}

function requestBody(parameters: readonly ParameterRegistration[]): unknown {
  return { required: true, content: { 'application/json': { schema: bodySchema(parameters) } } }
}

function answer(description: string, fields: readonly FieldRegistration[]): unknown {
  return { description, content: { 'application/json': { schema: fieldSchema(fields) } } }
}

function bilingual(title: Wording): string {
  return `${title.zh} ${title.en}`
}
