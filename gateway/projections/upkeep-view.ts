/** What the registry says of the ledger's own upkeep: the newest anchor, and how far chains are pruned. */
import type { PrunedRecord } from '../ledger/duty-events.ts'
import type { LeafKind } from '../ledger/entry.ts'
import type { AnchorRecord } from '../ledger/registry-events.ts'

export class UpkeepView {
  lastAnchor: AnchorRecord | undefined
  /** By chain: the records of so many of its first leaves may be gone. */
  readonly pruned = new Map<string, number>()

  take(kind: LeafKind, record: unknown): void {
    if (kind === 'anchor') this.lastAnchor = record as AnchorRecord
    if (kind === 'pruned') {
      const { chain, size } = record as PrunedRecord
      this.pruned.set(chain, Math.max(size, this.pruned.get(chain) ?? 0))
    }
  }
}
