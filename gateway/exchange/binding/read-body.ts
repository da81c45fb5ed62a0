import type { Buffer } from 'node:buffer'
import type { ParameterRegistration } from '../../../policies/service.ts'
import { readJson, type JsonMember, type JsonNode } from '../json/read.ts'
import type { BodyPlace } from './body-place.ts'
import type { CompiledEndpoint } from './compile-endpoint.ts'
import type { Occurrence } from './occurrence.ts'

/** Every member that the body has, at any depth. Undefined: not JSON in UTF-8 (RFC 8259), or nested deeper than 32. */
export function readBody(
  endpoint: CompiledEndpoint,
  body: Buffer | undefined,
): Occurrence[] | undefined {
  if (body === undefined || body.length === 0) return []
  const root = readJson(body)
  if (root === undefined) return undefined
  const found: Occurrence[] = []
  if (root.kind === 'object') readMembers(endpoint.body, root.members, found)
  else found.push({ name: '', isTwin: false, parameter: undefined, isWay: true, texts: undefined })
  return found
}

/** An unregistered member is reported with all that is in it: the subject's name might be. */
function readMembers(
  place: BodyPlace | undefined,
  members: readonly JsonMember[],
  found: Occurrence[],
): void {
  const names = new Set<string>()
  for (const { name, value } of members) {
    const child = place?.members.get(name)
    found.push(occurrenceAt(child, name, value, names.has(name)))
    names.add(name)
    if (child?.parameter === undefined) readBelow(child, value, found)
  }
}

function readBelow(place: BodyPlace | undefined, value: JsonNode, found: Occurrence[]): void {
  if (value.kind === 'object') readMembers(place, value.members, found)
  if (value.kind !== 'array') return
  for (const element of value.elements) readBelow(undefined, element, found)
}

function occurrenceAt(
  place: BodyPlace | undefined,
  name: string,
  value: JsonNode,
  isTwin: boolean,
): Occurrence {
  const parameter = place?.parameter
  if (parameter !== undefined) {
    return { name, isTwin, parameter, isWay: false, texts: textsOf(parameter, value) }
  }
  const isWay = place !== undefined
  const texts = isWay && value.kind !== 'object' ? undefined : []
  return { name, isTwin, parameter, isWay, texts }
}

function textsOf(parameter: ParameterRegistration, value: JsonNode): string[] | undefined {
  if (!parameter.list) return allTexts(parameter, [value])
  return value.kind === 'array' ? allTexts(parameter, value.elements) : undefined
}

function allTexts(
  parameter: ParameterRegistration,
  values: readonly JsonNode[],
): string[] | undefined {
  const texts: string[] = []
  for (const value of values) {
    if (value.kind === 'object' || value.kind === 'array' || !mayBe(parameter, value.kind))
      return undefined
    texts.push(value.text)
  }
  return texts
}

/** A year is written as a number or as a string; everything else in one way. */
function mayBe(parameter: ParameterRegistration, kind: 'string' | 'number' | 'word'): boolean {
  switch (parameter.type) {
    case 'integer':
      return kind === 'number'
    case 'boolean':
      return kind === 'word'
    case 'year':
      return kind !== 'word'
    case 'national-id':
    case 'date':
    case 'code':
    case 'text':
      return kind === 'string'
  }
}
