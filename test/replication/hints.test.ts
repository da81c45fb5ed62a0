/**
 * `replication.json` says where to begin to read at the next start, and which chains stand before. It is a hint: what it hides must not
 * be lost, and what it left out must not be taken for somebody else's.
 */
import { expect, test } from '@jest/globals'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ReplicatedFolder } from '../../deploy/replicated-folder.ts'
import type { Commit } from '../../gateway/ports/chain-journal.ts'
import type { Lane } from '../../gateway/ports/log-transport.ts'
import { FollowedLane, type Progress } from '../../gateway/replication/followed-lane.ts'
import { encodeCommit } from '../../gateway/replication/message.ts'
import { everythingOn, leavesOf } from '../harness/replication.ts'
import {
  EXCHANGE,
  brokerOfEachTest,
  replicatedLedger,
  transportTo,
} from '../harness/replicated-ledger.ts'
import { GatewayId } from '../../policies/vocabulary.ts'
import { GATEWAY, exchangeOrigin } from '../harness/small-ledger.ts'
import { until } from '../harness/until.ts'

const LANE: Lane = { topic: 'exchange', partition: 0 }
const broker = brokerOfEachTest()

test('a log that lost its end has all chains of this folder again, also those that the hint left out', async () => {
  const data = await threeChains()
  const transport = transportTo(broker().address)
  broker().partition(EXCHANGE).loseFrom(1)
  await using ledger = await replicatedLedger({ transport, data, n: 4 })
  await ledger.put(9)
  await until(async () => (await stored()).every((leaves) => leaves === 2), 'all is there again')
  expect(ledger.reports).toEqual([expect.stringMatching(/ended at offset \d and now ends at 1/)])
  expect(ledger.chain.accepts()).toBe(true)
})

test('while it runs, too', async () => {
  const data = await threeChains()
  await using ledger = await replicatedLedger({
    transport: transportTo(broker().address),
    data,
    n: 4,
  })
  await ledger.put(9)
  await until(() => !ledger.opened.replication.isBehind, 'all is read back')
  broker().partition(EXCHANGE).loseFrom(1)
  await until(async () => (await stored()).every((leaves) => leaves === 2), 'all is there again')
  expect(ledger.opened.replication.alarms).toContain('rolled-back')
  expect(ledger.chain.accepts()).toBe(true)
})

test('a hint that points into another log is not believed: what is missing there is sent', async () => {
  const data = await threeChains()
  broker().partition(EXCHANGE).loseFrom(0)
  // Made anew, and others have filled it up to where the hint points and beyond.
  const sender = await transportTo(broker().address).openSender()
  for (let number = 0; number < 8; number += 1) {
    await sender.send(LANE, [{ key: 'T/exchange/T/GOV/X/other/1', value: Buffer.from('theirs') }])
  }
  await sender.close()
  await using ledger = await replicatedLedger({
    transport: transportTo(broker().address),
    data,
    n: 4,
  })
  await ledger.put(9)
  expect(await stored()).toEqual([2, 2, 2])
})

test.each(['null', '{}', '[null]', '[{"lane":"exchange/0","offset":"9"}]', '{'])(
  'a hint that is none is not read: %s',
  (text) => {
    const data = mkdtempSync(join(tmpdir(), 'gongdao-hint-'))
    mkdirSync(join(data, 'ledger'))
    writeFileSync(join(data, 'ledger/replication.json'), text)
    const owner = { data, instance: 'T', gateway: GatewayId.parse(GATEWAY) }
    const lanes = new ReplicatedFolder(owner).lanes(1, 0)
    rmSync(data, { recursive: true })
    expect(lanes.map(({ offset }) => offset)).toEqual([0, 0])
  },
)

test('the hint does not go beyond a chain whose end was acknowledged and not read back', () => {
  const [one, two] = [journalled(1, 3), journalled(2, 2)]
  const lane = new FollowedLane(LANE, [one.chain, two.chain], { from: undefined, now: 0 })
  for (const followed of lane.chains) followed.stored(followed.durable, 0)
  read(lane, [one.commits[0], one.commits[1], two.commits[0], two.commits[1]])
  const progress = (): Progress => lane.progress()
  expect(progress()).toMatchObject({ chain: one.chain.origin, offset: 1, size: 1 })
  read(lane, [one.commits[2]])
  expect(progress()).toMatchObject({ chain: one.chain.origin, offset: 4, size: 2 })
})

/** Three incarnations of two leaves each, all in Kafka, with the hint that the last one left. */
async function threeChains(): Promise<string> {
  const transport = transportTo(broker().address)
  let data: string | undefined
  for (const n of [1, 2, 3]) {
    const ledger = await replicatedLedger({ transport, n, ...(data !== undefined && { data }) })
    await ledger.put(1)
    await ledger.put(2)
    await until(() => !ledger.opened.replication.isBehind, 'all is read back')
    data = ledger.data
    await ledger.end()
  }
  const hint = JSON.parse(
    readFileSync(join(data ?? '', 'ledger/replication.json'), 'utf8'),
  ) as Progress[]
  expect(hint[1]).toMatchObject({ chain: exchangeOrigin(3), offset: 5, size: 1 })
  return data ?? ''
}

async function stored(): Promise<number[]> {
  const messages = await everythingOn(transportTo(broker().address), LANE)
  return [1, 2, 3].map((n) => leavesOf(messages, exchangeOrigin(n)))
}

function journalled(n: number, size: number) {
  const origin = exchangeOrigin(n)
  const commits = Array.from({ length: size }, (_, first): Commit => ({
    first,
    count: 1,
    payload: Buffer.from(`${origin} ${String(first)}`),
  }))
  const journal = { read: (from: number, to: number) => commits.slice(from, to) }
  const messages = commits.map((commit) => ({ key: origin, value: encodeCommit(commit) }))
  return { chain: { origin, size, journal }, commits: messages }
}

function read(
  lane: FollowedLane,
  messages: readonly ({ readonly key: string; readonly value: Buffer } | undefined)[],
): void {
  const given = messages.flatMap((message, at) =>
    message === undefined ? [] : [{ ...message, offset: lane.offset + at }],
  )
  const next = lane.offset + given.length
  lane.read({ messages: given, next, low: 0, high: next }, () => true)
}
