/**
 * What must agree between the members of an endpoint's registration. The exchange trusts a registration blindly: that
 * the subject stands in one place only, and that no two patterns claim one path, is settled here.
 */
import type {
  EndpointRegistration,
  FieldRegistration,
  ParameterRegistration,
  ServiceRegistration,
} from '../service.ts'
import { isSafePattern } from './safe-pattern.ts'
import { inside } from './shape.ts'
import type { Place } from './shape.ts'

export function checkEndpoint(endpoint: EndpointRegistration, place: Place): void {
  const { id, method, path, responseHeaders } = endpoint
  if (id !== `${method} ${path}`) place.note(inside(place, 'id').pointer, '`METHOD path` as below')
  if (path.split('/').some((segment) => segment === '.' || segment === '..')) {
    place.note(inside(place, 'path').pointer, 'a path without dot segments')
  }
  checkPathParameters(endpoint, place)
  for (const [index, parameter] of endpoint.parameters.entries()) {
    checkParameter(parameter, endpoint, inside(inside(place, 'parameters'), index))
  }
  checkSubject(endpoint, place)
  checkBody(endpoint, place)
  checkFields(endpoint.fields, inside(place, 'fields'))
  checkAnswer(endpoint, place)
  checkFields(endpoint.errorFields, inside(place, 'errorFields'))
  for (const [index, name] of responseHeaders.entries()) {
    if (!OWN_HEADERS.test(name)) continue
    place.note(
      inside(inside(place, 'responseHeaders'), index).pointer,
      'a header that is the provider’s to set',
    )
  }
}

/** Hop-by-hop, framing, cookies, and what this gateway says itself. */
const OWN_HEADERS =
  /^(?:connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|content-length|content-encoding|set-cookie2?|x-road-.*|exchange-.*|ratelimit(?:-policy)?|server|date)$/

export function checkEndpoints({ endpoints }: ServiceRegistration, place: Place): void {
  for (const [index, one] of endpoints.entries()) {
    const earlier = endpoints.slice(0, index)
    if (!earlier.some((other) => other.method === one.method && meet(one.path, other.path)))
      continue
    const at = inside(inside(inside(place, 'endpoints'), index), 'path')
    place.note(at.pointer, 'a path that no other endpoint of the method matches')
  }
}

/** Whether one path can match both patterns. */
function meet(one: string, other: string): boolean {
  const [a, b] = [one.split('/'), other.split('/')]
  if (a.length !== b.length) return false
  return a.every((segment, index) => {
    const facing = b[index] ?? ''
    return segment === facing || segment.startsWith('{') || facing.startsWith('{')
  })
}

function checkPathParameters({ path, parameters }: EndpointRegistration, place: Place): void {
  const named = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name = '']) => name)
  const registered = parameters.filter((parameter) => parameter.in === 'path')
  const { pointer } = inside(place, 'path')
  if (new Set(named).size !== named.length) place.note(pointer, 'each {parameter} once')
  for (const name of named) {
    if (!registered.some((parameter) => parameter.name === name)) {
      place.note(pointer, 'only {parameters} that are registered in the path')
    }
  }
  for (const [index, parameter] of parameters.entries()) {
    if (parameter.in !== 'path' || named.includes(parameter.name)) continue
    place.note(
      inside(inside(place, 'parameters'), index).pointer,
      'a parameter that the path names',
    )
  }
}

function checkParameter(
  parameter: ParameterRegistration,
  { subject }: EndpointRegistration,
  place: Place,
): void {
  const member = (name: string): string => inside(place, name).pointer
  if (parameter.in === 'path' && (parameter.list || !parameter.required)) {
    place.note(place.pointer, 'a path parameter that is required and no list')
  }
  checkPointer(parameter, place)
  if ((parameter.type === 'code') !== (parameter.codes !== undefined)) {
    place.note(member('codes'), 'the registered values of a code, and of nothing else')
  }
  if ((parameter.type === 'text') !== (parameter.maxLength !== undefined)) {
    place.note(member('maxLength'), 'the longest value of a text, and of nothing else')
  }
  // A second person in a request is one that nobody decided about.
  if (parameter.type === 'national-id' && parameter.name !== subject) {
    place.note(member('type'), 'a national identifier only where it is the subject')
  }
}

function checkPointer(parameter: ParameterRegistration, place: Place): void {
  const at = inside(place, 'pointer').pointer
  if ((parameter.in === 'body') !== (parameter.pointer !== undefined)) {
    place.note(at, 'a pointer for a parameter in the body, and for no other')
    return
  }
  const { pointer } = parameter
  if (pointer === undefined) return
  const steps = pointer.split('/').slice(1)
  const listed = steps.at(-1) === '*'
  if (listed !== parameter.list)
    place.note(at, 'a pointer that ends in /* for a list, and only then')
  if (steps.slice(0, -1).includes('*') || (listed && steps.length === 1)) {
    place.note(at, 'no * but at the end of a list’s pointer')
  }
}

function checkSubject(endpoint: EndpointRegistration, place: Place): void {
  const { subject, subjectInResponse, parameters } = endpoint
  const at = inside(place, 'subject').pointer
  if (subject === 'none') {
    if (subjectInResponse !== 'none') {
      place.note(inside(place, 'subjectInResponse').pointer, 'none, as nobody is asked about')
    }
    if (parameters.some(({ name }) => name === 'none')) {
      place.note(inside(place, 'parameters').pointer, 'no parameter of the name none')
    }
    return
  }
  const named = parameters.find(({ name }) => name === subject)
  if (named === undefined) {
    place.note(at, 'the name of a registered parameter, or none')
    return
  }
  if (named.type !== 'national-id') place.note(at, 'a parameter of the type national-id')
  if (named.list) place.note(at, 'a parameter that is no list: one subject per exchange')
  if (!named.required) place.note(at, 'a parameter that is required')
}

/** The subject's place in the answer may be a field, but not lie in one. */
function checkAnswer({ subjectInResponse, fields }: EndpointRegistration, place: Place): void {
  if (subjectInResponse === 'none') return
  const others = fields.map(({ pointer }) => pointer).filter((other) => other !== subjectInResponse)
  if (!overlaps([...others, subjectInResponse]) || overlaps(others)) return
  place.note(inside(place, 'subjectInResponse').pointer, 'a place that does not lie in a field')
}

function checkBody({ method, requestType, parameters }: EndpointRegistration, place: Place): void {
  const at = inside(place, 'requestType').pointer
  const inBody = parameters.filter((parameter) => parameter.in === 'body')
  if (requestType === undefined) {
    if (inBody.length > 0) place.note(at, 'application/json, as parameters stand in the body')
    return
  }
  if (method === 'GET' || method === 'DELETE') place.note(at, 'no body for this method')
  const pointers = inBody.map(({ pointer }) => pointer ?? '')
  if (overlaps(pointers)) {
    place.note(inside(place, 'parameters').pointer, 'pointers none of which lies in another')
  }
}

/** Categories of which every field is special: health (C111) and sexual life (C112). */
const SPECIAL_CATEGORIES: readonly string[] = ['C111', 'C112']

function checkFields(fields: readonly FieldRegistration[], place: Place): void {
  if (overlaps(fields.map(({ pointer }) => pointer))) {
    place.note(place.pointer, 'pointers none of which lies in another')
  }
  for (const [index, field] of fields.entries()) checkField(field, inside(place, index))
}

function checkField(field: FieldRegistration, place: Place): void {
  const written = field.type === 'text' || field.type === 'code'
  for (const name of ['maxLength', 'pattern'] as const) {
    if (written === (field[name] !== undefined)) continue
    place.note(inside(place, name).pointer, 'given for text and code, and for nothing else')
  }
  if (field.pattern !== undefined && !isSafePattern(field.pattern)) {
    place.note(
      inside(place, 'pattern').pointer,
      'a regular expression with one * or + at the most and no repeated group, reference or look-around',
    )
  }
  if (SPECIAL_CATEGORIES.includes(field.category) && !field.article6) {
    place.note(inside(place, 'article6').pointer, 'true, as the category is special (PDPA §6)')
  }
}

/** One inside another, or a list and an object at one place. */
function overlaps(pointers: readonly string[]): boolean {
  const sorted = pointers.map((pointer) => `${pointer}/`).toSorted()
  if (sorted.some((pointer, index) => sorted[index + 1]?.startsWith(pointer) ?? false)) return true
  const lists = new Set(pointers.flatMap((pointer) => parentsOfStars(pointer)))
  return pointers.some((pointer) => parentsOfNames(pointer).some((parent) => lists.has(parent)))
}

function parentsOfStars(pointer: string): readonly string[] {
  return prefixes(pointer)
    .filter(([, next]) => next === '*')
    .map(([parent]) => parent)
}

function parentsOfNames(pointer: string): readonly string[] {
  return prefixes(pointer)
    .filter(([, next]) => next !== '*')
    .map(([parent]) => parent)
}

/** Each place on the way, with the step that is taken there. */
function prefixes(pointer: string): readonly (readonly [parent: string, next: string])[] {
  const steps = pointer.split('/')
  return steps.slice(1).map((next, index) => [steps.slice(0, index + 1).join('/'), next])
}
