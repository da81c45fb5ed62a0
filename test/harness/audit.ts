/** What an auditor does with a data folder, and what its journal tells of exchanges. */
import { readFileSync } from 'node:fs'
import { verifyData } from '../../adapters/ledger-journal/verify-data.ts'
import type { Finding } from '../../gateway/ledger/finding.ts'
import type { LeafKind } from '../../gateway/ledger/entry.ts'
import type { DecisionRecord, OutcomeRecord } from '../../gateway/ledger/events.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import type { PinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { readLedger, type LedgerLeaf } from '../../deploy/read-ledger.ts'
import { replayLedger } from '../../deploy/replay-ledger.ts'

export interface Audit {
  readonly findings: readonly Finding[]
  readonly replay: ReturnType<typeof replayLedger>['counts']
  readonly leaves: readonly LedgerLeaf[]
}

/** `now`: milliseconds; absent: the machine's clock. */
export async function audit(data: string, now = Date.now()): Promise<Audit> {
  const { findings } = await verifyData({ data, now })
  const leaves: LedgerLeaf[] = []
  readLedger(data).exchangeLeaves((leaf) => leaves.push(leaf))
  return { findings, replay: replayLedger(data, () => undefined).counts, leaves }
}

export function recordsOf(leaves: readonly LedgerLeaf[], kind: LeafKind): readonly unknown[] {
  return leaves.filter((leaf) => leaf.kind === kind).map(({ record }) => record)
}

export function outcomesOf(leaves: readonly LedgerLeaf[]): readonly OutcomeRecord[] {
  return recordsOf(leaves, 'outcome') as readonly OutcomeRecord[]
}

export function intentsOf(leaves: readonly LedgerLeaf[]): readonly DecisionRecord[] {
  return recordsOf(leaves, 'intent') as readonly DecisionRecord[]
}

export function denialsOf(leaves: readonly LedgerLeaf[]): readonly DecisionRecord[] {
  return recordsOf(leaves, 'denial') as readonly DecisionRecord[]
}

export function pinnedKeys(data: string): PinnedKeys {
  return parsePinnedKeys(readFileSync(`${data}/ledger/keys.txt`, 'utf8'))
}
