/**
 * The published lists that decisions refer to: the specific purposes (個人資料保護法之特定目的及個人資料之類別) and the
 * legal bases of PDPA §6, §15 and §16.
 */
import type { BasisCode, PurposeCode, Wording } from './vocabulary.ts'

/** How far a row was compared with its official publication; only `verified` is confirmed. */
export type RowStatus =
  | 'verified'
  | 'verified_by_order'
  | 'en_official_zh_recalled'
  | 'label_seen_code_recalled'
  | 'code_seen_label_recalled'
  | 'recalled'

export interface Purpose {
  readonly code: PurposeCode
  readonly title: Wording
  readonly status: RowStatus
}

export interface LegalBasis {
  readonly code: BasisCode
  /** E.g. `PDPA §15(1)`. */
  readonly article: string
  readonly title: Wording
  readonly kind: 'duty' | 'consent' | 'no-harm' | 'in-purpose' | 'exception-16' | 'exception-6'
  readonly requiresConsent: boolean
  readonly requiresWrittenForm: boolean
  readonly requiresSeparateDeclaration: boolean
  readonly status: RowStatus
}

/** A row's words as they may be shown: one that is not confirmed says so wherever it appears. */
export function shownTitle(row: { readonly title: Wording; readonly status: RowStatus }): Wording {
  if (row.status === 'verified') return row.title
  return { zh: `${row.title.zh}（參考清單，待核對）`, en: `${row.title.en} (unconfirmed)` }
}
