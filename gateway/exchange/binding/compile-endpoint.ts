import type { EndpointRegistration, ParameterRegistration } from '../../../policies/service.ts'
import { BodyPlace, bodyTokens } from './body-place.ts'
import type { Template } from './template.ts'

export interface CompiledEndpoint {
  readonly registration: EndpointRegistration
  /** By segment of the path: the parameter that it is. */
  readonly path: readonly (ParameterRegistration | undefined)[]
  readonly query: ReadonlyMap<string, ParameterRegistration>
  readonly body: BodyPlace
  readonly subject: ParameterRegistration | undefined
  /** Anything unregistered of such a name counts as a second naming of the subject. */
  readonly subjectNames: ReadonlySet<string>
}

/** Throws `RangeError` for a registration that contradicts itself. */
export function compileEndpoint(
  registration: EndpointRegistration,
  template: Template,
): CompiledEndpoint {
  const { parameters } = registration
  for (const parameter of parameters) check(registration, parameter)
  if (new Set(parameters.map(({ name }) => name)).size !== parameters.length) {
    throw wrong(registration, 'two parameters have one name')
  }
  const body = new BodyPlace()
  for (const parameter of parameters) if (parameter.in === 'body') body.register(parameter)
  const inQuery = parameters.filter((parameter) => parameter.in === 'query')
  const subject = subjectOf(registration)
  return {
    registration,
    path: inPath(registration, template),
    query: new Map(inQuery.map((parameter) => [parameter.name, parameter])),
    body,
    subject,
    subjectNames: subject === undefined ? new Set() : namesOf(subject),
  }
}

function check(registration: EndpointRegistration, parameter: ParameterRegistration): void {
  const { name, type, list } = parameter
  if (type === 'code' && parameter.codes === undefined)
    throw wrong(registration, `${name}: a code without codes`)
  if (type === 'text' && parameter.maxLength === undefined) {
    throw wrong(registration, `${name}: text without maxLength`)
  }
  if (parameter.in === 'path' && list) throw wrong(registration, `${name}: a list in the path`)
  if (parameter.in === 'body' && registration.requestType === undefined) {
    throw wrong(registration, `${name}: in a body that has no type`)
  }
}

function inPath(
  registration: EndpointRegistration,
  template: Template,
): (ParameterRegistration | undefined)[] {
  const candidates = registration.parameters.filter((parameter) => parameter.in === 'path')
  const path = template.map((segment) => {
    if (segment.parameter === undefined) return undefined
    const found = candidates.find(({ name }) => name === segment.parameter)
    if (found === undefined)
      throw wrong(registration, `{${segment.parameter}} is not a parameter in the path`)
    return found
  })
  const placed = path.filter((parameter) => parameter !== undefined)
  if (placed.length !== candidates.length || new Set(placed).size !== placed.length) {
    throw wrong(registration, 'each parameter in the path has one segment there')
  }
  return path
}

function subjectOf(registration: EndpointRegistration): ParameterRegistration | undefined {
  if (registration.subject === 'none') return undefined
  const subject = registration.parameters.find(({ name }) => name === registration.subject)
  if (subject?.type !== 'national-id' || subject.list) {
    throw wrong(registration, 'the subject is one parameter of type national-id')
  }
  return subject
}

/** By its own name, and in a body by that of its member. */
function namesOf(subject: ParameterRegistration): Set<string> {
  const member = subject.in === 'body' ? bodyTokens(subject).at(-1) : undefined
  return new Set(member === undefined ? [subject.name] : [subject.name, member])
}

function wrong(registration: EndpointRegistration, what: string): RangeError {
  return new RangeError(`${registration.id}: ${what}`)
}
