/** Who waits for a leaf to be durable, and the three things that they can be told. */
import { LedgerUnavailable } from './entry.ts'
import type { Entry, Recorded } from './entry.ts'
import type { Encoded } from './entry-bytes.ts'
import { RecordedLeaf } from './recorded.ts'
import type { DurableBatch } from './recorded.ts'

export interface Waiting {
  readonly entry: Entry
  /** Of the record in UTF-8. */
  readonly bytes: number
  readonly resolve: (recorded: Recorded) => void
  readonly reject: (fault: Error) => void
}

/** The batch's own entries stand behind those that `beforeBatch` put in front. */
export function answer(
  batch: readonly Waiting[],
  durable: DurableBatch,
  encoded: readonly Encoded[],
): void {
  const front = encoded.length - batch.length
  for (const [at, { resolve }] of batch.entries()) {
    const leaf = encoded[front + at]?.leaf ?? ''
    resolve(new RecordedLeaf(durable, durable.growth.first + front + at, leaf))
  }
}

export function refuseOrdinary(batch: readonly Waiting[]): Waiting[] {
  return batch.filter(({ entry, reject }) => {
    if (entry.finishes === true) return true
    reject(noRoom())
    return false
  })
}

export function backlogFull(): LedgerUnavailable {
  return new LedgerUnavailable('too much is waiting to be recorded')
}

export function noRoom(): LedgerUnavailable {
  return new LedgerUnavailable('the disk is full')
}
