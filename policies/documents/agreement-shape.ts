import type { SignedAgreement } from '../agreement.ts'
import {
  AgreementId,
  BasisCode,
  Digest,
  EndpointId,
  FieldName,
  Instant,
  MemberId,
  PurposeCode,
  ServiceId,
  SubsystemId,
} from '../vocabulary.ts'
import { wording } from './common-shapes.ts'
import {
  checked,
  distinct,
  flag,
  inside,
  list,
  matching,
  object,
  oneOf,
  optional,
  text,
  whole,
  word,
} from './shape.ts'
import type { Place, Reader } from './shape.ts'

const LONGEST_RETENTION_DAYS = 100 * 366
const purposes = distinct(list(word(PurposeCode), { least: 1 }))

const bound = object({
  name: text(64),
  scope: oneOf('persons', 'matter'),
  maxValues: whole(1, 1000),
  oneOf: optional(distinct(list(text(64), { least: 1 }))),
  range: optional(
    object({
      least: whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
      most: whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    }),
  ),
  latestTaxYear: optional(
    object({
      publishedOn: matching(/^(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/, 'a day such as 05-01'),
    }),
  ),
})

const agreement = object({
  id: word(AgreementId),
  version: whole(1, 1_000_000),
  title: wording,
  consumer: word(SubsystemId),
  consumerController: word(MemberId),
  service: word(ServiceId),
  providerController: word(MemberId),
  endpoints: distinct(list(word(EndpointId), { least: 1 })),
  collect: object({ basis: word(BasisCode), duties: distinct(list(text())), purposes }),
  disclose: object({ basis: word(BasisCode), laws: distinct(list(text())), purposes }),
  article6: optional(word(BasisCode)),
  fields: distinct(list(word(FieldName), { least: 1 })),
  parameters: distinct(list(bound, { most: 100 }), ({ name }) => name),
  validFrom: word(Instant),
  validTo: word(Instant),
  onwardUse: flag,
  purposeDeclaration: oneOf('explicit', 'implied'),
  notifySubject: flag,
  retentionDays: whole(1, LONGEST_RETENTION_DAYS),
})

const signature = object({
  member: word(MemberId),
  algorithm: oneOf('ES256', 'RS256', 'Ed25519'),
  key: word(Digest),
  value: matching(/^[A-Za-z0-9_-]{64,1400}$/, 'a signature in base64url'),
})

export const signedAgreement: Reader<SignedAgreement> = checked(
  object({
    agreement,
    signatures: distinct(list(signature, { least: 1, most: 2 }), ({ member }) => member),
  }),
  checkWithin,
)

function checkWithin({ agreement }: SignedAgreement, place: Place): void {
  const at = inside(place, 'agreement').pointer
  const checks: readonly [sound: boolean, pointer: string, expected: string][] = [
    [agreement.validFrom < agreement.validTo, '/validTo', 'a time after validFrom'],
    ...basisChecks(agreement),
    [
      agreement.purposeDeclaration === 'explicit' || agreement.collect.purposes.length === 1,
      '/purposeDeclaration',
      'explicit, as there are several purposes',
    ],
  ]
  for (const [sound, pointer, expected] of checks) {
    if (!sound) place.note(`${at}${pointer}`, expected)
  }
}

/** §15 and §16 each have their own bases, and one that refers to a duty or a law names it. */
function basisChecks({
  collect,
  disclose,
  article6,
}: SignedAgreement['agreement']): readonly [sound: boolean, pointer: string, expected: string][] {
  return [
    [collect.basis.startsWith('PDPA-15-'), '/collect/basis', 'a basis of PDPA §15'],
    [disclose.basis.startsWith('PDPA-16-'), '/disclose/basis', 'a basis of PDPA §16'],
    [article6?.startsWith('PDPA-6-1-') !== false, '/article6', 'a basis of PDPA §6(1)'],
    [
      collect.basis !== 'PDPA-15-1' || collect.duties.length > 0,
      '/collect/duties',
      'the statutory duties that the basis rests on',
    ],
    [
      disclose.basis !== 'PDPA-16-1' || disclose.laws.length > 0,
      '/disclose/laws',
      'the laws that the basis rests on',
    ],
  ]
}
