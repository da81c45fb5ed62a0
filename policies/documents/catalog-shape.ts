import type { LegalBasis, Purpose } from '../catalog.ts'
import { BasisCode, PurposeCode } from '../vocabulary.ts'
import { wording } from './common-shapes.ts'
import { distinct, flag, list, matching, object, oneOf, text, word } from './shape.ts'
import type { Reader } from './shape.ts'

export interface PurposeList {
  readonly id: string
  readonly purposes: readonly Purpose[]
}

export interface LegalBasisList {
  readonly id: string
  readonly bases: readonly LegalBasis[]
}

const listId = matching(/^[a-z0-9][a-z0-9.-]{0,63}$/, 'the id of a list')

const status = oneOf(
  'verified',
  'verified_by_order',
  'en_official_zh_recalled',
  'label_seen_code_recalled',
  'code_seen_label_recalled',
  'recalled',
)

export const purposeList: Reader<PurposeList> = object({
  id: listId,
  purposes: distinct(
    list(object({ code: word(PurposeCode), title: wording, status }), { least: 1 }),
    ({ code }) => code,
  ),
})

export const legalBasisList: Reader<LegalBasisList> = object({
  id: listId,
  bases: distinct(
    list(
      object({
        code: word(BasisCode),
        article: text(60),
        title: wording,
        kind: oneOf('duty', 'consent', 'no-harm', 'in-purpose', 'exception-16', 'exception-6'),
        requiresConsent: flag,
        requiresWrittenForm: flag,
        requiresSeparateDeclaration: flag,
        status,
      }),
      { least: 1 },
    ),
    ({ code }) => code,
  ),
})
