/** What an agreement says of other documents, and that no two of them answer one request. */
import type { Agreement, ParameterBound } from '../agreement.ts'
import { isLoggedType, isLoggedValue } from '../logged-parameters.ts'
import type { EndpointRegistration, ParameterRegistration } from '../service.ts'
import { memberOf } from '../vocabulary.ts'
import type { Documents } from './documents.ts'
import { actsFor, isController } from './references.ts'

type Note = (path: string, pointer: string, expected: string) => void
type Fault = (pointer: string, expected: string) => void

export function agreementReferences(documents: Documents, note: Note): void {
  for (const [index, { path, document }] of documents.agreements.entries()) {
    const fault: Fault = (pointer, expected) => note(path, `/agreement${pointer}`, expected)
    checkParties(document, documents, fault)
    checkCodes(document, documents, fault)
    checkScope(document, documents, fault)
    const rival = documents.agreements
      .slice(0, index)
      .find((other) => bothAnswer(document, other.document))
    if (rival !== undefined) {
      fault('/validFrom', `no overlap with ${rival.path}, which answers the same requests`)
    }
  }
}

function checkParties(agreement: Agreement, documents: Documents, fault: Fault): void {
  const { consumer, consumerController, providerController, service } = agreement
  const own = memberOf(consumer)
  const subsystems = documents.members.get(own)?.document.subsystems ?? []
  if (!subsystems.some(({ id }) => id === consumer)) fault('/consumer', 'a registered subsystem')
  if (!isController(documents, consumerController)) {
    fault('/consumerController', 'a registered controller')
  }
  if (!actsFor(documents, own, consumerController)) {
    fault('/consumerController', "the consumer's member, or a controller that it acts for")
  }
  const offered = documents.services.get(service)?.document
  if (offered === undefined) fault('/service', 'a registered service')
  else if (offered.controller !== providerController) {
    fault('/providerController', 'the controller of the service')
  }
}

function checkCodes(agreement: Agreement, documents: Documents, fault: Fault): void {
  for (const side of ['collect', 'disclose'] as const) {
    const { basis, purposes } = agreement[side]
    if (!documents.legalBases.has(basis)) fault(`/${side}/basis`, 'a registered legal basis')
    for (const [index, purpose] of purposes.entries()) {
      if (documents.purposes.has(purpose)) continue
      fault(`/${side}/purposes/${String(index)}`, 'a registered purpose')
    }
  }
  const { article6 } = agreement
  if (article6 !== undefined && !documents.legalBases.has(article6)) {
    fault('/article6', 'a registered legal basis')
  }
}

function checkScope(agreement: Agreement, documents: Documents, fault: Fault): void {
  const registered = documents.services.get(agreement.service)?.document.endpoints
  if (registered === undefined) return
  for (const [index, id] of agreement.endpoints.entries()) {
    if (registered.some((endpoint) => endpoint.id === id)) continue
    fault(`/endpoints/${String(index)}`, 'an endpoint of the service')
  }
  const covered = registered.filter(({ id }) => agreement.endpoints.includes(id))
  const fields = new Set(covered.flatMap((endpoint) => endpoint.fields.map(({ name }) => name)))
  for (const [index, name] of agreement.fields.entries()) {
    if (!fields.has(name)) fault(`/fields/${String(index)}`, 'a field of one of the endpoints')
  }
  for (const [index, bound] of agreement.parameters.entries()) {
    checkBound(bound, covered, (pointer, expected) =>
      fault(`/parameters/${String(index)}${pointer}`, expected),
    )
  }
}

function checkBound(
  bound: ParameterBound,
  endpoints: readonly EndpointRegistration[],
  fault: Fault,
): void {
  const registered = endpoints
    .flatMap(({ parameters }) => parameters)
    .filter(({ name }) => name === bound.name)
  if (registered.length === 0 || registered.some(({ type }) => type === 'national-id')) {
    fault('/name', 'a parameter of one of the endpoints, not the subject')
    return
  }
  for (const parameter of registered) checkBoundType(bound, parameter, fault)
}

function checkBoundType(
  bound: ParameterBound,
  parameter: ParameterRegistration,
  fault: Fault,
): void {
  const { range, latestTaxYear } = bound
  const { type } = parameter
  if (range !== undefined) {
    if (type !== 'year' && type !== 'integer')
      fault('/range', 'no range but for years and integers')
    if (range.least > range.most) fault('/range', 'least not above most')
  }
  if (latestTaxYear !== undefined && type !== 'year') {
    fault('/latestTaxYear', 'a tax year only for a parameter of the type year')
  }
  checkValues(bound.oneOf, parameter, fault)
}

function checkValues(
  oneOf: ParameterBound['oneOf'],
  { codes, type }: ParameterRegistration,
  fault: Fault,
): void {
  if (oneOf === undefined) return
  if (!isLoggedType(type)) {
    fault('/oneOf', 'no values of a text, which no leaf holds')
    return
  }
  for (const [index, value] of oneOf.entries()) {
    if (isLoggedValue(type, codes, value)) continue
    fault(`/oneOf/${String(index)}`, `a value that the parameter can have: its type is ${type}`)
  }
}

/**
 * Whether two agreements in force would both answer some request. A later version of one id may overlap with the one
 * before: it takes over on its first day.
 */
function bothAnswer(one: Agreement, other: Agreement): boolean {
  if (one.id === other.id && one.version !== other.version) return false
  return (
    one.consumer === other.consumer &&
    one.service === other.service &&
    one.consumerController === other.consumerController &&
    one.validFrom < other.validTo &&
    other.validFrom < one.validTo &&
    one.endpoints.some((endpoint) => other.endpoints.includes(endpoint)) &&
    one.collect.purposes.some((purpose) => other.collect.purposes.includes(purpose))
  )
}
