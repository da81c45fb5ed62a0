/** L8: lost, slow and lying answers of the log server. Nothing acknowledged is lost, repeats are byte-identical (log-formats §0). */
import { expect, test } from '@jest/globals'
import { setTimeout as pause } from 'node:timers/promises'
import type { Fault } from '../harness/fault-broker/faults.ts'
import { everythingOn, leavesOf } from '../harness/replication.ts'
import {
  EXCHANGE,
  brokerOfEachTest,
  replicatedLedger,
  transportTo,
} from '../harness/replicated-ledger.ts'
import { until } from '../harness/until.ts'

const broker = brokerOfEachTest()

const LOST = ['lose the response', 'close after', 'lose the request', 'close before'] as const

for (const kind of LOST) {
  // One is repeated by kafkajs; two are a rejection.
  for (const times of [1, 2]) {
    test(`concurrent callers lose nothing, and nothing differs: ${kind}, ${String(times)} times`, async () => {
      await using ledger = await replicatedLedger({ transport: transportTo(broker().address) })
      await ledger.put(0)
      broker().script.add('Produce', ...Array.from({ length: times }, (): Fault => ({ kind })))
      const recorded = await Promise.all(
        Array.from({ length: 12 }, async (_, number) => {
          // One after another, so that sends would overlap if they could.
          await pause(number * 5)
          return ledger.put(number + 1)
        }),
      )
      const indices = recorded.map(({ index }) => index).sort((one, other) => one - other)
      expect(indices).toEqual(recorded.map((_, at) => at + 1))
      expect(await storedOf(ledger.origin)).toBe(13)
      expect(ledger.reports.filter((one) => one.includes('acknowledged'))).toEqual([])
    })
  }
}

test('after a rejection the next send is another producer’s', async () => {
  await using ledger = await replicatedLedger({ transport: transportTo(broker().address) })
  await ledger.put(0)
  const before = broker().newestProducer
  broker().script.add('Produce', { kind: 'lose the response' }, { kind: 'lose the response' })
  await ledger.put(1)
  expect(broker().newestProducer).toBe(before + 1)
  expect(await storedOf(ledger.origin)).toBe(2)
})

test('a slow broker makes batches larger, and loses nothing', async () => {
  await using ledger = await replicatedLedger({ transport: transportTo(broker().address) })
  broker().script.add(
    'Produce',
    ...Array.from({ length: 5 }, (): Fault => ({ kind: 'do late', ms: 150 })),
  )
  const before = broker().seen('Produce')
  await Promise.all(
    Array.from({ length: 100 }, async (_, number) => {
      await pause(number * 3)
      return ledger.put(number)
    }),
  )
  expect(await storedOf(ledger.origin)).toBe(100)
  expect(broker().seen('Produce') - before).toBeLessThan(20)
})

test('a broker that answers for what it does not store is found out by reading, and what it lost is sent again', async () => {
  await using ledger = await replicatedLedger({ transport: transportTo(broker().address) })
  await ledger.put(0)
  broker().script.add('Produce', { kind: 'lie' })
  await ledger.put(1)
  await ledger.put(2)
  await until(() => broker().partition(EXCHANGE).records().length >= 3, 'all is sent again')
  expect(await storedOf(ledger.origin)).toBe(3)
  expect(ledger.reports).toContainEqual(
    expect.stringMatching(/leaves 1 to 1 were acknowledged and are not in exchange\/0/),
  )
})

test('what is lost at the very end is found out in time, and nothing new is taken until it is there', async () => {
  await using ledger = await replicatedLedger({ transport: transportTo(broker().address) })
  await ledger.put(0)
  broker().script.add('Produce', { kind: 'lie' })
  await ledger.put(1)
  await until(() => !ledger.chain.accepts(), 'nothing is accepted')
  await until(() => ledger.chain.accepts(), 'it goes on')
  expect(await storedOf(ledger.origin)).toBe(2)
  expect(ledger.reports).toContainEqual(expect.stringContaining('was not read back in time'))
})

test('a refusal for its sequence costs a producer, not a record', async () => {
  await using ledger = await replicatedLedger({ transport: transportTo(broker().address) })
  await ledger.put(0)
  const OUT_OF_ORDER_SEQUENCE_NUMBER = 45
  broker().script.add('Produce', { kind: 'refuse', code: OUT_OF_ORDER_SEQUENCE_NUMBER })
  await ledger.put(1)
  expect(await storedOf(ledger.origin)).toBe(2)
})

async function storedOf(origin: string): Promise<number> {
  const lane = { topic: 'exchange', partition: 0 } as const
  return leavesOf(await everythingOn(transportTo(broker().address), lane), origin)
}
