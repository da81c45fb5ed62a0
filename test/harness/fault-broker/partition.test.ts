/** Kafka's rule of idempotence, case by case, as the fault broker keeps it. */
import { expect, test } from '@jest/globals'
import { INVALID_PRODUCER_EPOCH, OUT_OF_ORDER_SEQUENCE_NUMBER, Partition } from './partition.ts'
import type { RecordBatch } from './record-batch.ts'

function batch(firstSequence: number, count = 1, more: Partial<RecordBatch> = {}): RecordBatch {
  const value = Buffer.from(`${firstSequence}`)
  const records = Array.from({ length: count }, () => ({
    key: undefined,
    value,
    headers: new Map(),
  }))
  const bytes = Buffer.alloc(61)
  return { producerId: 1, epoch: 0, firstSequence, count, records, bytes, ...more }
}

test('batches in sequence are stored one behind the other', () => {
  const partition = new Partition()
  expect(partition.append(batch(0, 3))).toEqual({ kind: 'stored', offset: 0 })
  expect(partition.append(batch(3))).toEqual({ kind: 'stored', offset: 3 })
  expect(partition.high).toBe(4)
})

test('the same first and last sequence is a repeat, whatever the batch holds', () => {
  const partition = new Partition()
  partition.append(batch(0, 2))
  const other = { ...batch(0, 2), records: [], bytes: Buffer.alloc(100) }
  expect(partition.append(other)).toEqual({ kind: 'repeat', offset: 0 })
  expect(partition.high).toBe(2)
})

test('the same first sequence with another length is out of order, and so is a gap', () => {
  const partition = new Partition()
  partition.append(batch(0, 2))
  const refused = { kind: 'refused', code: OUT_OF_ORDER_SEQUENCE_NUMBER }
  expect(partition.append(batch(0, 1))).toEqual(refused)
  expect(partition.append(batch(3))).toEqual(refused)
})

test('only the last five batches of a producer are remembered', () => {
  const partition = new Partition()
  for (const sequence of [0, 1, 2, 3, 4, 5]) partition.append(batch(sequence))
  expect(partition.append(batch(1))).toEqual({ kind: 'repeat', offset: 1 })
  expect(partition.append(batch(0)).kind).toBe('refused')
})

test('a producer that the partition does not know may begin anywhere; a new epoch begins at 0', () => {
  const partition = new Partition()
  expect(partition.append(batch(7)).kind).toBe('stored')
  expect(partition.append(batch(8, 1, { epoch: 1 })).kind).toBe('refused')
  expect(partition.append(batch(0, 1, { epoch: 1 })).kind).toBe('stored')
  expect(partition.append(batch(8))).toEqual({ kind: 'refused', code: INVALID_PRODUCER_EPOCH })
})

test('a producer that was fenced is refused', () => {
  const partition = new Partition()
  partition.append(batch(0))
  partition.fence(1, 1)
  expect(partition.append(batch(1))).toEqual({ kind: 'refused', code: INVALID_PRODUCER_EPOCH })
})

test('sequences start again after 2^31 - 1', () => {
  const partition = new Partition()
  partition.append(batch(2 ** 31 - 2, 2))
  expect(partition.append(batch(0))).toEqual({ kind: 'stored', offset: 2 })
})

test('an unclean election takes the tail and the memory of it; DeleteRecords takes the head and no memory', () => {
  const partition = new Partition()
  for (const sequence of [0, 1, 2]) partition.append(batch(sequence))
  partition.deleteBelow(2)
  expect([partition.low, partition.high, partition.records().length]).toEqual([2, 3, 1])
  expect(partition.read(1)).toBeUndefined()
  partition.loseFrom(2)
  expect(partition.high).toBe(2)
  expect(partition.append(batch(3))).toEqual({
    kind: 'refused',
    code: OUT_OF_ORDER_SEQUENCE_NUMBER,
  })
})
