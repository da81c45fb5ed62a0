/**
 * The purpose of an exchange is declared, or it goes without saying (design §2): only where exactly one agreement in
 * force matches, says so, has one purpose, and neither consent nor a special category is involved.
 */
import { agreementsInForce } from './agreement-index.ts'
import type { Candidate, Sought } from './agreement-index.ts'
import type { Question } from './question.ts'
import { restsOnConsent } from './rests-on-consent.ts'
import type { RuleBook } from './rule-book.ts'
import { memberOf } from './vocabulary.ts'
import type { EndpointId, PurposeCode } from './vocabulary.ts'

export type UnsettledPurpose = 'Client.Request.PurposeMissing' | 'Client.Request.PurposeUnknown'

/** The question with its purpose, or what to answer instead of deciding. */
export function settlePurpose(question: Question, book: RuleBook): Question | UnsettledPurpose {
  const { purpose } = question
  if (purpose === undefined) {
    const implied = impliedPurpose(question, book)
    return implied === undefined
      ? 'Client.Request.PurposeMissing'
      : { ...question, purpose: implied }
  }
  return book.documents.purposes.has(purpose) ? question : 'Client.Request.PurposeUnknown'
}

export function impliedPurpose(question: Question, book: RuleBook): PurposeCode | undefined {
  const { consumer, service, endpoint, at } = question
  const controller = question.representedParty ?? memberOf(consumer)
  const sought: Sought = { consumer, service, endpoint, controller, purpose: undefined, at }
  const [only, ...others] = agreementsInForce(book.agreements, sought)
  if (only === undefined || others.length > 0) return undefined
  if (only.agreement.purposeDeclaration !== 'implied') return undefined
  if (restsOnConsent(only.agreement, book.documents)) return undefined
  if (touchesSpecialCategory(only, question)) return undefined
  const [purpose, ...further] = only.agreement.collect.purposes
  return further.length === 0 ? purpose : undefined
}

function touchesSpecialCategory({ agreement, covers }: Candidate, question: Question): boolean {
  if (agreement.article6 !== undefined) return true
  const asked: readonly string[] = question.fields ?? agreement.fields
  return specialFields(covers, question.endpoint).some((name) => asked.includes(name))
}

function specialFields(covers: Candidate['covers'], endpoint: EndpointId): readonly string[] {
  const fields = covers.get(endpoint)?.endpoint.registration.fields ?? []
  return fields.filter((field) => field.article6).map((field) => field.name)
}
