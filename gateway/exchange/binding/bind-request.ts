/**
 * Which endpoint a request asks, about whom, and with what: read from the request itself, at the places that the registration
 * names. What was read is, byte for byte, what is sent on, and there is one way only to read it.
 *
 * The first of these that does not hold is the answer:
 * 1. the path is in canonical percent-encoding (MalformedPath), 2. its template is registered (UnknownEndpoint), 3. with
 * this method (MethodNotAllowed); 4. the body is there only where one is registered (BodyMalformed), not too large
 * (BodyTooLarge), of the registered media type (UnsupportedMediaType), 5. strict JSON (BodyMalformed); 6. the query is in
 * canonical form (ParameterMalformed); 7. the subject is named once (DuplicateLocator), 8. at its place (LocatorMissing);
 * 9. nothing stands twice (ParameterRepeated), 10. nothing is unregistered (ParameterUnregistered), 11. nothing required is
 * missing (ParameterMissing); 12. the subject is a number of the registered kind (SubjectMalformed), 13. everything else
 * has its type (ParameterMalformed).
 */
import type { NationalNumber } from '../../../policies/national-number.ts'
import type { Refusal } from '../../../policies/refusal.ts'
import type { EndpointRegistration } from '../../../policies/service.ts'
import type { BindableRequest } from './bindable-request.ts'
import type { CompiledEndpoint } from './compile-endpoint.ts'
import type { CompiledService } from './compile-service.ts'
import { bodyFault } from './media-type.ts'
import type { Occurrence } from './occurrence.ts'
import { matchPath } from './match-path.ts'
import { readBody } from './read-body.ts'
import { readPath } from './read-path.ts'
import { readQuery } from './read-query.ts'
import { settle } from './settle.ts'

export interface Bound {
  readonly kind: 'bound'
  readonly endpoint: EndpointRegistration
  /** Personal. Undefined where nobody is identifiable. */
  readonly subject: NationalNumber | undefined
  /** Values by name, in the order in which they came: only of the types that may stand in a leaf (design D15). */
  readonly parameters: Readonly<Record<string, readonly string[]>>
  /** As received. */
  readonly pathAndQuery: string
}

export interface NotBound {
  readonly kind: 'refused'
  readonly code: Refusal
  /** For MethodNotAllowed: the methods with which the path is registered, sorted. */
  readonly allow?: readonly string[]
}

export function bindRequest(service: CompiledService, request: BindableRequest): Bound | NotBound {
  const segments = readPath(request.path)
  if (segments === undefined) return refused('Client.Request.MalformedPath')
  const found = matchPath(service, segments)
  if (found === undefined) return refused('Client.Request.UnknownEndpoint')
  const endpoint = found.methods.get(request.method)
  if (endpoint === undefined) {
    const allow = [...found.methods.keys()].sort()
    return { kind: 'refused', code: 'Client.Request.MethodNotAllowed', allow }
  }
  const occurrences = readAll(service, endpoint, segments, request)
  if (typeof occurrences === 'string') return refused(occurrences)
  const settled = settle(endpoint, occurrences, service.rule)
  if (typeof settled === 'string') return refused(settled)
  return {
    kind: 'bound',
    endpoint: endpoint.registration,
    subject: settled.subject,
    parameters: settled.parameters,
    pathAndQuery: request.query === undefined ? request.path : `${request.path}?${request.query}`,
  }
}

function readAll(
  service: CompiledService,
  endpoint: CompiledEndpoint,
  segments: readonly string[],
  request: BindableRequest,
): readonly Occurrence[] | Refusal {
  const fault = bodyFault(service, endpoint, request)
  if (fault !== undefined) return fault
  const inBody = readBody(endpoint, request.body)
  if (inBody === undefined) return 'Client.Request.BodyMalformed'
  const inQuery = readQuery(endpoint, request.query)
  if (inQuery === undefined) return 'Client.Request.ParameterMalformed'
  const inPath = placesInPath(endpoint, segments)
  return [...inPath, ...inQuery, ...inBody]
}

function placesInPath(endpoint: CompiledEndpoint, segments: readonly string[]): Occurrence[] {
  const occurrences: Occurrence[] = []
  for (const [at, parameter] of endpoint.path.entries()) {
    if (parameter === undefined) continue
    const texts = [segments[at] ?? '']
    occurrences.push({ name: parameter.name, isTwin: false, parameter, isWay: false, texts })
  }
  return occurrences
}

function refused(code: Refusal): NotBound {
  return { kind: 'refused', code }
}
