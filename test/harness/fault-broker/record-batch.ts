/** A RecordBatch of magic 2 as a producer sends it (Kafka documentation, "Record Batch"). */
import { Reader } from './bytes.ts'

export interface RecordBatch {
  readonly producerId: number
  readonly epoch: number
  readonly firstSequence: number
  readonly count: number
  readonly records: readonly StoredRecord[]
  /** As it came; the first eight octets are the offset of the first record, which the broker puts in. */
  readonly bytes: Buffer
}

export interface StoredRecord {
  readonly key: Buffer | undefined
  readonly value: Buffer | undefined
  readonly headers: ReadonlyMap<string, Buffer | undefined>
}

const COMPRESSION = 0x07

export function readRecordBatch(bytes: Buffer): RecordBatch {
  const reader = new Reader(bytes)
  reader.int64() // baseOffset
  const length = reader.int32()
  if (length !== reader.left) throw new RangeError('one whole batch a partition')
  reader.int32() // partitionLeaderEpoch
  if (reader.int8() !== 2) throw new RangeError('a batch of magic 2')
  reader.int32() // crc
  if ((reader.int16() & COMPRESSION) !== 0) throw new RangeError('a batch that is not compressed')
  const lastOffsetDelta = reader.int32()
  reader.int64() // baseTimestamp
  reader.int64() // maxTimestamp
  const producerId = reader.int64()
  const epoch = reader.int16()
  const firstSequence = reader.int32()
  const records = reader.list(readRecord)
  const count = lastOffsetDelta + 1
  return { producerId, epoch, firstSequence, count, records, bytes }
}

function readRecord(reader: Reader): StoredRecord {
  reader.varint() // length
  reader.int8() // attributes
  reader.varint() // timestampDelta
  reader.varint() // offsetDelta
  const key = reader.varintBytes()
  const value = reader.varintBytes()
  const headers = Array.from({ length: reader.varint() }, () => {
    const name = reader.varintBytes()?.toString('utf8') ?? ''
    return [name, reader.varintBytes()] as const
  })
  return { key, value, headers: new Map(headers) }
}
