/** What a request names, weighed against the registration: checks 7 to 13 of `bind-request.ts`, in that order. */
import {
  isNationalNumber,
  type NationalNumber,
  type NumberRule,
} from '../../../policies/national-number.ts'
import type { Refusal } from '../../../policies/refusal.ts'
import { loggedValues } from '../../../policies/logged-parameters.ts'
import { hasAnotherNumber } from '../further-people.ts'
import type { CompiledEndpoint } from './compile-endpoint.ts'
import type { Occurrence } from './occurrence.ts'
import { hasType } from './parameter-types.ts'

export interface Settled {
  readonly subject: NationalNumber | undefined
  readonly parameters: Readonly<Record<string, readonly string[]>>
}

export function settle(
  endpoint: CompiledEndpoint,
  occurrences: readonly Occurrence[],
  rule: NumberRule,
): Settled | Refusal {
  const fault = subjectFault(endpoint, occurrences) ?? placeFault(endpoint, occurrences)
  if (fault !== undefined) return fault
  const subject = subjectOf(endpoint, occurrences, rule)
  if (subject === 'malformed') return 'Client.Request.SubjectMalformed'
  if (!occurrences.every((occurrence) => isWellFormed(occurrence, rule))) {
    return 'Client.Request.ParameterMalformed'
  }
  // Nobody has decided about whoever is named there.
  if (occurrences.some((occurrence) => namesAnother(occurrence, subject))) {
    return 'Client.Request.ParameterMalformed'
  }
  return { subject, parameters: loggedParameters(occurrences) }
}

function subjectOf(
  endpoint: CompiledEndpoint,
  occurrences: readonly Occurrence[],
  rule: NumberRule,
): NationalNumber | 'malformed' | undefined {
  if (endpoint.subject === undefined) return undefined
  const named = occurrences.find(({ parameter }) => parameter === endpoint.subject)
  const number = named?.texts?.[0] ?? ''
  return isNationalNumber(number, rule) ? number : 'malformed'
}

/** Named once, at its place, and nowhere else: a second naming in an unregistered place might be the one that is heard. */
function subjectFault(
  endpoint: CompiledEndpoint,
  occurrences: readonly Occurrence[],
): Refusal | undefined {
  const { subject, subjectNames } = endpoint
  if (subject === undefined) return undefined
  let inPlace = 0
  let elsewhere = 0
  for (const occurrence of occurrences) {
    if (occurrence.parameter === subject) inPlace += 1
    else if (isUnregistered(occurrence) && subjectNames.has(occurrence.name)) elsewhere += 1
  }
  if (inPlace + elsewhere > 1) return 'Client.Request.DuplicateLocator'
  return inPlace === 0 ? 'Client.Request.LocatorMissing' : undefined
}

function placeFault(
  endpoint: CompiledEndpoint,
  occurrences: readonly Occurrence[],
): Refusal | undefined {
  if (occurrences.some(({ isTwin }) => isTwin)) return 'Client.Request.ParameterRepeated'
  if (occurrences.some(isUnregistered)) return 'Client.Request.ParameterUnregistered'
  const missing = endpoint.registration.parameters.some(
    (registered) =>
      registered.required && !occurrences.some(({ parameter }) => parameter === registered),
  )
  return missing ? 'Client.Request.ParameterMissing' : undefined
}

function isUnregistered({ parameter, isWay }: Occurrence): boolean {
  return parameter === undefined && !isWay
}

/** A list has a value at least, and none twice. */
function isWellFormed({ parameter, texts }: Occurrence, rule: NumberRule): boolean {
  if (texts === undefined) return false
  if (parameter === undefined) return true
  if (texts.length === 0) return false
  if (texts.length > 1 && new Set(texts).size !== texts.length) return false
  return texts.every((text) => hasType(parameter, text, rule))
}

function namesAnother({ parameter, texts }: Occurrence, subject: string | undefined): boolean {
  return (
    parameter?.type === 'text' && texts?.some((text) => hasAnotherNumber(text, subject)) === true
  )
}

function loggedParameters(occurrences: readonly Occurrence[]): Record<string, readonly string[]> {
  const logged: [name: string, texts: readonly string[]][] = []
  for (const { parameter, texts } of occurrences) {
    if (parameter === undefined || texts === undefined) continue
    const values = loggedValues(parameter, texts)
    if (values !== undefined) logged.push([parameter.name, values])
  }
  return Object.fromEntries(logged)
}
