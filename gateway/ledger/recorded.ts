/** A batch that is durable, and the receipts of its leaves. */
import type { Recorded } from './entry.ts'
import { proofText } from './tlog-proof.ts'
import type { Growth } from './tree.ts'

export class DurableBatch {
  readonly growth: Growth
  readonly note: string

  constructor(growth: Growth, note: string) {
    this.growth = growth
    this.note = note
  }
}

export class RecordedLeaf implements Recorded {
  readonly index: number
  readonly leaf: string
  readonly #batch: DurableBatch

  constructor(batch: DurableBatch, index: number, leaf: string) {
    this.#batch = batch
    this.index = index
    this.leaf = leaf
  }

  receipt(extra?: Uint8Array): string {
    const { growth, note } = this.#batch
    return proofText({
      index: this.index,
      lines: growth.proofLines(this.index),
      note,
      ...(extra === undefined ? {} : { extra }),
    })
  }
}
