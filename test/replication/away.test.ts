/** Log servers that are away, come back, lost their end or their beginning (log-formats §3.5; L9). */
import { expect, test } from '@jest/globals'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { everythingOn, leavesOf } from '../harness/replication.ts'
import {
  EXCHANGE,
  brokerOfEachTest,
  replicatedLedger,
  transportTo,
} from '../harness/replicated-ledger.ts'
import { until } from '../harness/until.ts'

const broker = brokerOfEachTest()

test('where a reply waits for them, nobody is told that a leaf is recorded before they have it', async () => {
  await using ledger = await replicatedLedger({
    transport: transportTo(broker().address),
    settings: { backlog: { records: 1000, bytes: 1_000_000, ms: 3000 } },
  })
  await broker().stop()
  await expect(ledger.put(1)).rejects.toMatchObject({
    name: 'NotReplicated',
    recorded: { index: 0 },
  })
  // Nobody else waits as long.
  const began = performance.now()
  await expect(ledger.put(2)).rejects.toThrow()
  expect(performance.now() - began).toBeLessThan(2700)
  await broker().start()
  await until(() => ledger.chain.accepts(), 'it takes new ones')
  expect((await ledger.put(3)).index).toBe(1)
  expect(await storedOf(ledger.origin)).toBe(2)
})

test('where it does not, it takes so many as are bounded, refuses the next, and drains in order', async () => {
  await using ledger = await replicatedLedger({
    transport: transportTo(broker().address),
    settings: { durability: 'journal', backlog: { records: 20, bytes: 1_000_000 } },
  })
  await ledger.put(0)
  await broker().stop()
  let taken = 1
  while (ledger.chain.accepts()) {
    await ledger.put(taken)
    taken += 1
  }
  expect(taken).toBeLessThanOrEqual(23)
  await expect(ledger.put(taken)).rejects.toThrow('too much waits to be replicated')
  const refusal = (): string => ledger.opened.refusal()?.message ?? ''
  await until(() => refusal().includes('unreachable'), 'why is told')
  await broker().start()
  await until(() => ledger.chain.accepts(), 'it takes new ones')
  await until(async () => (await storedOf(ledger.origin)) === taken, 'all is there')
  expect(ledger.reports.filter((one) => one.includes('do not answer'))).toHaveLength(1)
  expect(ledger.reports).toContain('the log servers: no longer unreachable')
})

test('bytes are bounded as records are', async () => {
  await using bytes = await replicatedLedger({
    transport: transportTo(broker().address),
    settings: { durability: 'journal', backlog: { records: 1000, bytes: 5000 } },
  })
  await broker().stop()
  for (let number = 0; number < 12 && bytes.chain.accepts(); number += 1) await bytes.put(number)
  expect(bytes.chain.accepts()).toBe(false)
  await broker().start()
  await until(() => bytes.chain.accepts(), 'it takes new ones')
})

test('and so is time: nothing new is taken once the oldest has waited too long', async () => {
  await using ledger = await replicatedLedger({
    transport: transportTo(broker().address),
    settings: { durability: 'journal', backlog: { records: 1000, bytes: 1_000_000, ms: 400 } },
  })
  await broker().stop()
  await ledger.put(0)
  expect(ledger.chain.accepts()).toBe(true)
  await until(() => !ledger.chain.accepts(), 'nothing is accepted')
  await broker().start()
  await until(() => ledger.chain.accepts(), 'it takes new ones')
})

test('away at the start: refused where a reply would wait for them', async () => {
  const transport = transportTo(broker().address)
  await broker().stop()
  await expect(replicatedLedger({ transport })).rejects.toThrow(/do not answer .* start them first/)
})

test('what the journal has and they lack is sent at the next start: the earlier chain first', async () => {
  const transport = transportTo(broker().address)
  const first = await replicatedLedger({ transport, settings: { durability: 'journal' } })
  await first.put(0)
  await until(async () => (await storedOf(first.origin)) === 1, 'the first leaf is there')
  await broker().stop()
  for (const number of [1, 2, 3]) await first.put(number)
  await first.crash()
  await broker().start()
  await using second = await replicatedLedger({ transport, data: first.data, n: 2 })
  await second.put(4)
  const messages = await everything()
  expect(leavesOf(messages, first.origin)).toBe(4)
  expect(leavesOf(messages, second.origin)).toBe(1)
  const keys = messages.map(({ key }) => key)
  expect(keys.indexOf(second.origin)).toBeGreaterThan(keys.lastIndexOf(first.origin))
})

test('without its hint a start reads everything and sends nothing twice', async () => {
  const transport = transportTo(broker().address)
  const first = await replicatedLedger({ transport })
  for (const number of [1, 2, 3]) await first.put(number)
  await first.crash()
  rmSync(join(first.data, 'ledger/replication.json'), { force: true })
  await using second = await replicatedLedger({ transport, data: first.data, n: 2 })
  await second.put(4)
  expect(await everything()).toHaveLength(4)
})

test('records that are deleted are told with their offsets, and nothing stops', async () => {
  await using ledger = await replicatedLedger({ transport: transportTo(broker().address) })
  for (const number of [1, 2, 3]) await ledger.put(number)
  await until(() => !ledger.opened.replication.isBehind, 'all is read back')
  broker().partition(EXCHANGE).deleteBelow(2)
  await ledger.put(4)
  await until(() => ledger.opened.replication.alarms.has('truncated'), 'it is told')
  expect(ledger.reports[0]).toMatch(/exchange\/0: the records before offset 2 are gone, from 0 on/)
  expect((await ledger.put(5)).index).toBe(4)
})

test('a log that lost its end is read anew, and what is missing is sent again', async () => {
  await using ledger = await replicatedLedger({ transport: transportTo(broker().address) })
  for (const number of [1, 2, 3, 4]) await ledger.put(number)
  await until(() => !ledger.opened.replication.isBehind, 'all is read back')
  broker().partition(EXCHANGE).loseFrom(1)
  await until(async () => (await storedOf(ledger.origin)) === 4, 'all is there again')
  expect(ledger.reports[0]).toMatch(/exchange\/0 ended at offset 4 and now ends at 1/)
  expect((await ledger.put(5)).index).toBe(4)
})

async function everything(): ReturnType<typeof everythingOn> {
  return everythingOn(transportTo(broker().address), { topic: 'exchange', partition: 0 })
}

async function storedOf(origin: string): Promise<number> {
  return leavesOf(await everything(), origin)
}
