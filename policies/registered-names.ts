/**
 * What a caller names must be in the registry before it may be decided on: a question stands in a leaf for ever, so free
 * text in it (a field called `A000000018`, a party called by a person's name) would be a personal datum that nobody can erase
 * (design D15).
 */
import type { Question } from './question.ts'
import type { RuleBook } from './rule-book.ts'

export type UnregisteredName = 'Client.Request.PartyUnknown' | 'Client.Request.FieldUnknown'

/** Undefined: every name of the question is a registered one. */
export function unregisteredName(
  { representedParty, fields, service, endpoint }: Question,
  { documents, entities }: RuleBook,
): UnregisteredName | undefined {
  if (representedParty !== undefined && !documents.members.has(representedParty)) {
    return 'Client.Request.PartyUnknown'
  }
  if (fields === undefined) return undefined
  const registered = entities.endpoints.get(service)?.get(endpoint)?.registration.fields ?? []
  const isKnown = fields.every((name) => registered.some((field) => field.name === name))
  return isKnown ? undefined : 'Client.Request.FieldUnknown'
}
