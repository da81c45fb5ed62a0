import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { findAgreement, indexAgreements } from '../../policies/agreement-index.ts'
import type { Sought } from '../../policies/agreement-index.ts'
import type { Agreement } from '../../policies/agreement.ts'
import type { Documents, Registered } from '../../policies/documents/documents.ts'
import { prepareEntities } from '../../policies/entities.ts'
import { AgreementId, Instant, MemberId, PurposeCode } from '../../policies/vocabulary.ts'
import { AT, documentsOf, S1, signedFiles } from './world.ts'

const documents = documentsOf(signedFiles)
const model = documents.agreements.find(({ document }) => document.id === 'AG-S1-INCOME')!
const TAIPEI = MemberId.parse('TW/GOV/379000000A')
const LABOUR = MemberId.parse('TW/GOV/A17000000J')
const [P31, P74] = [PurposeCode.parse('031'), PurposeCode.parse('074')]
const DAY = 86_400_000

interface Variant {
  readonly id: string
  readonly version?: number
  readonly purpose?: PurposeCode
  readonly controller?: MemberId
  readonly ends?: number
}

function agreementOf(variant: Variant): Registered<Agreement> {
  const { id, version = 1, purpose = P74, controller = TAIPEI, ends = 1 } = variant
  const document: Agreement = {
    ...model.document,
    id: AgreementId.parse(id),
    version,
    consumerController: controller,
    collect: { ...model.document.collect, purposes: [purpose] },
    validFrom: Instant.ofMilliseconds(AT - 10 * DAY),
    validTo: Instant.ofMilliseconds(AT + ends * DAY),
  }
  return { ...model, document }
}

const sought: Sought = {
  consumer: S1.consumer,
  service: S1.service,
  endpoint: S1.endpoint,
  controller: TAIPEI,
  purpose: P74,
  at: AT,
}

function found(variants: readonly Variant[]): string | undefined {
  const known: Documents = { ...documents, agreements: variants.map(agreementOf) }
  const agreement = findAgreement(indexAgreements(known, prepareEntities(known)), sought)?.agreement
  return agreement === undefined ? undefined : `${agreement.id}@${String(agreement.version)}`
}

test.each<[string, readonly Variant[], string | undefined]>([
  ['nothing where there is none', [], undefined],
  ['the only one, even if it fits badly', [{ id: 'A', purpose: P31, ends: -1 }], 'A@1'],
  [
    'that of the acting controller before that of the right purpose',
    [
      { id: 'A', controller: LABOUR },
      { id: 'B', purpose: P31 },
    ],
    'B@1',
  ],
  [
    'the right purpose before one in force, so that the refusal says what is wrong',
    [
      { id: 'A', purpose: P31 },
      { id: 'B', ends: -1 },
    ],
    'B@1',
  ],
  ['one in force before one that has ended', [{ id: 'A', ends: -1 }, { id: 'B' }], 'B@1'],
  [
    'one in force before a higher version that has ended',
    [{ id: 'A', version: 2, ends: -1 }, { id: 'A' }],
    'A@1',
  ],
  [
    'the highest version',
    [
      { id: 'A', version: 1 },
      { id: 'A', version: 3 },
      { id: 'A', version: 2 },
    ],
    'A@3',
  ],
  ['the smallest id', [{ id: 'C' }, { id: 'A' }, { id: 'B' }], 'A@1'],
])('finds %s', (_what, variants, expected) => {
  expect(found(variants)).toBe(expected)
})

test('finds the same one, in whatever order the documents came', () => {
  const variant = fc.record({
    id: fc.constantFrom('A', 'B', 'C', 'D'),
    version: fc.integer({ min: 1, max: 3 }),
    purpose: fc.constantFrom(P31, P74),
    controller: fc.constantFrom(TAIPEI, LABOUR),
    ends: fc.constantFrom(-1, 1),
  })
  const some = fc.uniqueArray(variant, {
    selector: ({ id, version }) => `${id}@${String(version)}`,
    maxLength: 6,
  })
  fc.assert(
    fc.property(some, (variants) => {
      expect(found(variants)).toBe(found(variants.toReversed()))
    }),
    { numRuns: 300 },
  )
})

test('finds nothing for another endpoint, service or subsystem', () => {
  const index = indexAgreements(documents, prepareEntities(documents))
  expect(findAgreement(index, sought)).toBeDefined()
  const elsewhere = documents.agreements.find(
    ({ document }) => document.id === 'AG-S3-ENROLMENT',
  )!.document
  expect(findAgreement(index, { ...sought, endpoint: elsewhere.endpoints[0]! })).toBeUndefined()
  expect(findAgreement(index, { ...sought, service: elsewhere.service })).toBeUndefined()
  expect(findAgreement(index, { ...sought, consumer: elsewhere.consumer })).toBeUndefined()
})
