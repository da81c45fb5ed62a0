/**
 * One partition as a broker keeps it, with Kafka's rule of idempotence (`ProducerStateEntry.findDuplicateBatch`,
 * `ProducerAppendInfo.checkSequence`): a batch whose producer, epoch, first and last sequence are those of one of the last
 * five is a repeat, and is answered with the earlier one's offset. **What it holds is not compared.**
 */
import type { RecordBatch, StoredRecord } from './record-batch.ts'

export const OUT_OF_ORDER_SEQUENCE_NUMBER = 45
export const INVALID_PRODUCER_EPOCH = 47

export type Appended =
  | { readonly kind: 'stored' | 'repeat'; readonly offset: number }
  | { readonly kind: 'refused'; readonly code: number }

interface Stored {
  readonly offset: number
  readonly batch: RecordBatch
}

const REMEMBERED_BATCHES = 5
/** Sequence numbers start again after this one. */
const SEQUENCES = 2 ** 31

export class Partition {
  #batches: Stored[] = []
  #low = 0
  #high = 0
  /** Epochs that were fenced off: older ones are refused. */
  readonly #epochs = new Map<number, number>()

  /** The first offset that is still there. */
  get low(): number {
    return this.#low
  }

  /** The offset that the next record gets. */
  get high(): number {
    return this.#high
  }

  append(batch: RecordBatch): Appended {
    const refused = batch.producerId < 0 ? undefined : this.#judge(batch)
    if (refused !== undefined) return refused
    const offset = this.#high
    this.#batches.push({ offset, batch })
    this.#high += batch.count
    return { kind: 'stored', offset }
  }

  /** What a fetch from `offset` brings, whole batches; undefined where the offset is out of range. */
  read(offset: number): Buffer | undefined {
    if (offset < this.#low || offset > this.#high) return undefined
    const found = this.#batches.filter((one) => one.offset + one.batch.count > offset)
    return Buffer.concat(found.map(withOffset))
  }

  /** Every record that is there, from `low` on. */
  records(): { readonly offset: number; readonly record: StoredRecord }[] {
    return this.#batches
      .flatMap(({ offset, batch }) =>
        batch.records.map((record, index) => ({ offset: offset + index, record })),
      )
      .filter(({ offset }) => offset >= this.#low)
  }

  /** DeleteRecords: what is below is gone; the producers' sequences stay. */
  deleteBelow(offset: number): void {
    this.#low = Math.min(Math.max(this.#low, offset), this.#high)
  }

  /** An unclean election: the tail is gone, and the producers' sequences go back with it. */
  loseFrom(offset: number): void {
    this.#batches = this.#batches.filter((one) => one.offset + one.batch.count <= offset)
    const last = this.#batches.at(-1)
    this.#high = last === undefined ? Math.min(this.#low, offset) : last.offset + last.batch.count
  }

  /** Somebody took over this producer's id: its epoch is refused from now on. */
  fence(producerId: number, epoch: number): void {
    this.#epochs.set(producerId, epoch)
  }

  #judge(batch: RecordBatch): Appended | undefined {
    const { producerId, epoch, firstSequence, count } = batch
    const of = this.#batches.filter((one) => one.batch.producerId === producerId)
    const newest = of.at(-1)?.batch
    const current = Math.max(newest?.epoch ?? -1, this.#epochs.get(producerId) ?? -1)
    if (epoch < current) return { kind: 'refused', code: INVALID_PRODUCER_EPOCH }
    const repeated = of
      .slice(-REMEMBERED_BATCHES)
      .find((one) => one.batch.epoch === epoch && sameSequences(one.batch, firstSequence, count))
    if (repeated !== undefined) return { kind: 'repeat', offset: repeated.offset }
    // A producer that the partition does not know may begin anywhere (KIP-360); a new epoch begins at 0.
    if (newest === undefined) return undefined
    const next = newest.epoch === epoch ? (newest.firstSequence + newest.count) % SEQUENCES : 0
    return firstSequence === next
      ? undefined
      : { kind: 'refused', code: OUT_OF_ORDER_SEQUENCE_NUMBER }
  }
}

function sameSequences(batch: RecordBatch, first: number, count: number): boolean {
  return batch.firstSequence === first && batch.count === count
}

function withOffset({ offset, batch }: Stored): Buffer {
  const bytes = Buffer.from(batch.bytes)
  bytes.writeBigInt64BE(BigInt(offset))
  return bytes
}
