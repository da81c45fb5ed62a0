/** One way of tampering with a ledger, and where it struck. */
import type { Chance } from '../../exchange/json-documents.ts'
import type { FindingKind } from '../../../gateway/ledger/finding.ts'
import type { ChainSource } from '../../../gateway/ports/chain-source.ts'
import type { TamperLedger } from './ledger.ts'

export interface Tampering {
  /** By path; undefined: the file is gone. */
  readonly changes: ReadonlyMap<string, Buffer | undefined>
  /** Where no file was changed. */
  readonly source?: ChainSource
  readonly truth: Truth
  /** Whether the kinds of all findings together are what happened, and accuse nobody of more. */
  readonly says?: (kinds: ReadonlySet<FindingKind>) => boolean
}

export interface Truth {
  readonly chain: string
  readonly first: number
  readonly last: number
}

export interface Attack {
  /** A row of the table. */
  readonly name: string
  /** How often, beside the others. */
  readonly share: number
  /** Whoever has only the ledger can't see it: pins and receipts are at hand. */
  readonly needsEvidence?: true
  /** Which copy is read. */
  readonly over: 'journal' | 'tiles' | 'messages'
  /** The largest range of leaves that counts as located, beyond what was struck. Infinity: nothing can tell more. */
  readonly within: number
  /** Undefined where the draw would have changed nothing. */
  make(ledger: TamperLedger, random: Chance): Tampering | undefined
}

export function changed(
  ...files: readonly (readonly [string, Buffer | undefined])[]
): Tampering['changes'] {
  return new Map(files)
}
