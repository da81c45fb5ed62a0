/** What a person takes with her before her key is destroyed: every exchange about her, opened, each provable without us. */
import type { Instant, Wording } from '../../policies/vocabulary.ts'
import type { Statement } from '../ledger/duty-events.ts'
import type { DecisionRecord } from '../ledger/events.ts'
import type { DutyParts, PersonalLeaf, PersonalRecord } from './parts.ts'

export interface OwnCopy {
  readonly what: 'gongdao/own-copy/1'
  readonly at: Instant
  readonly instance: string
  readonly basis: string
  /** Of the order, as her pseudonyms' `erasure` leaves name it. */
  readonly order: string
  readonly notice: Wording
  readonly pseudonyms: readonly {
    readonly subject: string
    readonly leaves: readonly (PersonalLeaf & {
      /** Case number, official and the seed of the commitments' nonces, where the leaf sealed them. */
      readonly opened?: unknown
    })[]
  }[]
}

/** Enforcement rules §21: what may be kept is named. */
const NOTICE: Wording = {
  zh: '您的金鑰將被銷毀:紀錄中的化名此後無人能連回您,密封的細節無人能再開啟。依個人資料保護法施行細則第21條保留者:不含您姓名、證號與資料內容的交換紀錄及其雜湊,以證明機關曾如何使用資料。本檔為您唯一的副本。',
  en: 'Your key will be destroyed: nobody can lead the pseudonyms in the log back to you any more, or open the sealed details. What is kept (PDPA enforcement rules §21): records of the exchanges and their hashes, without your name, your number or any value of your data, as proof of what the agencies did. This file is the only copy of what they say about you.',
}

export function ownCopy(
  records: readonly PersonalRecord[],
  { basis, id }: Statement,
  { clock, instance, keys }: DutyParts,
): OwnCopy {
  const opened = (leaf: PersonalLeaf): PersonalLeaf & { readonly opened?: unknown } => {
    if (leaf.kind === 'outcome') return leaf
    const { exchange, sealed, subject } = JSON.parse(leaf.record) as DecisionRecord
    const details = keys.open(subject, exchange, sealed)
    return details === undefined ? leaf : { ...leaf, opened: detailsIn(details) }
  }
  return {
    what: 'gongdao/own-copy/1',
    at: clock.now(),
    instance,
    basis,
    order: id,
    notice: NOTICE,
    pseudonyms: records.map(({ leaves, subject }) => ({ subject, leaves: leaves.map(opened) })),
  }
}

/** RFC 8785 of `{case, official, seed}` (`exchange/decision-record.ts`). */
export function detailsIn(details: Uint8Array): unknown {
  return JSON.parse(Buffer.from(details).toString()) as unknown
}
