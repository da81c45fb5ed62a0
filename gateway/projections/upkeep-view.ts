/** What the registry says of the ledger's own upkeep: the newest anchor of each gateway, and how far chains are pruned. */
import type { GatewayId } from '../../policies/vocabulary.ts'
import type { PrunedRecord } from '../ledger/duty-events.ts'
import type { LeafKind } from '../ledger/entry.ts'
import type { AnchorRecord } from '../ledger/registry-events.ts'

export class UpkeepView {
  readonly #anchors = new Map<GatewayId, AnchorRecord>()
  /** By chain: the records of so many of its first leaves may be gone. */
  readonly pruned = new Map<string, number>()

  take(kind: LeafKind, record: unknown): void {
    if (kind === 'anchor') {
      const anchor = record as AnchorRecord
      this.#anchors.set(anchor.gateway, anchor)
    }
    if (kind === 'pruned') {
      const { chain, size } = record as PrunedRecord
      this.pruned.set(chain, Math.max(size, this.pruned.get(chain) ?? 0))
    }
  }

  lastAnchor(gateway: GatewayId): AnchorRecord | undefined {
    return this.#anchors.get(gateway)
  }
}
