/** Published checkpoints on their topic: all of them, each once, and nothing else under our name (design L6, L7, L8). */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { postedCheckpoints } from '../../deploy/posted-checkpoints.ts'
import { checkpointWriter } from '../../gateway/ledger/checkpoint.ts'
import { leafHashOf, treeHashOfDigest } from '../../gateway/ledger/hash.ts'
import type { LogSigner } from '../../gateway/ledger/signer.ts'
import type { PublishedCheckpoint } from '../../gateway/ports/checkpoint-store.ts'
import {
  LogUnavailable,
  type LogMessage,
  type LogTransport,
} from '../../gateway/ports/log-transport.ts'
import { testSigner } from '../harness/memory-ledger.ts'
import {
  brokerOfEachTest,
  replicatedLedger,
  transportTo,
  type ReplicatedLedger,
} from '../harness/replicated-ledger.ts'
import { everythingOn } from '../harness/replication.ts'
import { exchangeOrigin, gateway, REGISTRY } from '../harness/small-ledger.ts'
import { until } from '../harness/until.ts'

const LANE = { topic: 'checkpoints', partition: 0 } as const
const broker = brokerOfEachTest()
const partition = (): ReturnType<ReturnType<typeof broker>['partition']> =>
  broker().partition('test.checkpoints')
let kept: PublishedCheckpoint[] = []
let ledger: ReplicatedLedger | undefined

beforeEach(() => {
  kept = []
})

afterEach(async () => {
  await ledger?.[Symbol.asyncDispose]()
  ledger = undefined
})

async function open(
  options: Partial<Parameters<typeof replicatedLedger>[0]> = {},
): Promise<ReplicatedLedger> {
  ledger = await replicatedLedger({ transport: transportTo(broker().address), ...options })
  ledger.opened.mirror({
    get length() {
      return kept.length
    },
    read: (from) => kept.slice(from),
  })
  return ledger
}

/** One record, and the checkpoint over it published. */
async function publish(of: ReplicatedLedger, number: number): Promise<void> {
  await of.put(number)
  kept.push(newest(of))
}

function newest({ chain, origin }: ReplicatedLedger): PublishedCheckpoint {
  const { root, size } = chain.head()
  const note = checkpointWriter(origin, gateway)(size, treeHashOfDigest(root))
  return { origin, size, note }
}

/** Each in a batch of its own: a broker loses whole ones. */
async function publishApart(of: ReplicatedLedger, ...numbers: readonly number[]): Promise<void> {
  for (const number of numbers) {
    await publish(of, number)
    await allReadBack(of)
  }
}

async function allReadBack({ opened }: ReplicatedLedger): Promise<void> {
  await until(() => !opened.replication.isBehind, 'all is read back', { within: 20_000 })
}

async function stored(): Promise<string[]> {
  const messages = await everythingOn(transportTo(broker().address), LANE)
  return messages.map(({ value }) => String(value))
}

async function write(...messages: readonly LogMessage[]): Promise<void> {
  const sender = await transportTo(broker().address).openSender()
  await sender.send(LANE, messages)
  await sender.close()
}

function message(key: string, note: string): LogMessage {
  return { key, value: Buffer.from(note) }
}

/** A checkpoint over nothing that anybody recorded. */
function forged(origin: string, size: number, signer: LogSigner = gateway): LogMessage {
  return message(origin, checkpointWriter(origin, signer)(size, leafHashOf('nobody’s')))
}

const notes = (): string[] => kept.map(({ note }) => note)

test('each stands there once, over starts with a hint and without', async () => {
  let before = await open()
  for (const number of [1, 2, 3]) await publish(before, number)
  await allReadBack(before)
  await before.end()
  before = await open({ data: before.data, n: 2 })
  await publish(before, 4)
  await allReadBack(before)
  await before.end()
  rmSync(join(before.data, 'ledger/replication.json'))
  before = await open({ data: before.data, n: 3 })
  await publish(before, 5)
  await allReadBack(before)
  expect(await stored()).toEqual(notes())
  expect(before.reports).toEqual([])
})

test('what another version left as a hint is not believed', async () => {
  const first = await open()
  await publishApart(first, 1, 2)
  await first.end()
  const file = join(first.data, 'ledger/replication.json')
  const hint = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>[]
  expect(hint.at(-1)).toMatchObject({ lane: 'checkpoints/0', offset: 1, size: 1 })
  // It told how many were sent, and read nothing.
  writeFileSync(file, JSON.stringify([{ lane: 'checkpoints/0', low: 0, offset: 0, size: 2 }]))
  partition().loseFrom(1)
  const second = await open({ data: first.data, n: 2 })
  await until(async () => (await stored()).length === 2, 'the one that is missing is sent')
  expect(await stored()).toEqual(notes())
  await allReadBack(second)
})

test('a tail that was cut off is told, and sent again', async () => {
  const now = await open()
  await publishApart(now, 1, 2, 3)
  partition().loseFrom(1)
  await until(async () => (await stored()).length === 3, 'all is there again')
  expect(await stored()).toEqual(notes())
  // On a busy machine it may be told before that reading them back takes long.
  expect(now.reports.filter((sentence) => sentence.startsWith('checkpoints/'))).toEqual([
    expect.stringMatching(/^checkpoints\/0 ended at offset 3 and now ends at 1/),
  ])
  await allReadBack(now)
  await publish(now, 4)
  await allReadBack(now)
  expect(await stored()).toEqual(notes())
})

test('one that was cut off between two starts is told as well', async () => {
  const first = await open()
  await publishApart(first, 1, 2, 3)
  await first.end()
  partition().loseFrom(1)
  const second = await open({ data: first.data, n: 2 })
  await until(async () => (await stored()).length === 3, 'all is there again')
  expect(await stored()).toEqual(notes())
  expect(second.reports).toEqual([expect.stringMatching(/ended at offset 2 and now ends at 1/)])
})

test('those that are deleted are told with their offsets, and nothing stops', async () => {
  const now = await open()
  await publishApart(now, 1, 2, 3)
  partition().deleteBelow(2)
  await publish(now, 4)
  await until(() => now.opened.replication.alarms.has('truncated'), 'it is told')
  expect(now.reports).toEqual([
    expect.stringMatching(/^checkpoints\/0: the records before offset 2 are gone, from 0 on/),
  ])
  await allReadBack(now)
  expect(await stored()).toEqual(notes().slice(2))
  // A start that knows nothing of before takes what is left for ours, and puts there what is gone.
  await now.end()
  rmSync(join(now.data, 'ledger/replication.json'))
  const next = await open({ data: now.data, n: 2 })
  await allReadBack(next)
  expect(await stored()).toEqual([...notes().slice(2), ...notes()])
  expect([...next.opened.replication.alarms]).toEqual(['truncated'])
})

test('an answer that is lost makes a repeat at most', async () => {
  const now = await open()
  await publish(now, 1)
  await allReadBack(now)
  await now.put(2)
  await allReadBack(now)
  broker().script.add('Produce', { kind: 'lose the response' })
  kept.push(newest(now))
  await until(async () => (await stored()).length > 1, 'it is there')
  await allReadBack(now)
  expect(new Set(await stored())).toEqual(new Set(notes()))
  expect(now.reports.filter((report) => !report.includes('do not answer'))).toEqual([])
})

describe('under our name', () => {
  test('repeats, other cosignatures on a checkpoint of ours, and other gateways’ do no harm', async () => {
    const now = await open()
    for (const number of [1, 2]) await publish(now, number)
    await allReadBack(now)
    const [first = ''] = notes()
    const cosigned = `${first}— T/witness ${Buffer.alloc(80, 7).toString('base64')}\n`
    const theirs = 'T/exchange/T/GOV/X/other/1'
    await write(
      message(now.origin, first),
      message(now.origin, cosigned),
      forged(theirs, 7, testSigner(9)),
      message(theirs, 'nonsense'),
    )
    await publish(now, 3)
    await allReadBack(now)
    expect(now.reports).toEqual([])
    expect(now.chain.accepts()).toBe(true)
  })

  test.each([
    ['no checkpoint at all', (origin: string) => message(origin, 'nonsense')],
    ['another key', (origin: string) => forged(origin, 1, testSigner(9))],
    [
      'another key, for whoever goes by the note',
      (origin: string) => ({ ...forged(origin, 1, testSigner(9)), key: 'x' }),
    ],
    [
      'a chain of ours that never was, by another key',
      () => forged(exchangeOrigin(7), 1, testSigner(9)),
    ],
    ['the registry’s, which we write, by another key', () => forged(REGISTRY, 1, testSigner(9))],
    [
      'a note of another chain',
      (origin: string) => ({
        ...forged('T/exchange/T/GOV/X/other/1', 1, testSigner(9)),
        key: origin,
      }),
    ],
  ])('%s is told and passed over', async (_, made) => {
    const now = await open()
    await publish(now, 1)
    await allReadBack(now)
    await write(made(now.origin))
    await until(() => now.opened.replication.alarms.has('foreign'), 'it is told')
    await publish(now, 2)
    await allReadBack(now)
    expect(now.reports).toEqual([
      expect.stringMatching(/somebody who does not have our key wrote under this name into check/),
    ])
    expect(now.chain.accepts()).toBe(true)
  })

  test.each([
    ['another tree of a size', (origin: string) => forged(origin, 1)],
    ['a tree that is larger than ours', (origin: string) => forged(origin, 900)],
    ['a tree of a chain that this folder does not know', () => forged(exchangeOrigin(7), 1)],
    [
      'one under another name in front of it',
      (origin: string) => ({ ...forged(origin, 1), key: 'x' }),
    ],
  ])('our own signature on %s stops us, and is kept', async (_, made) => {
    const now = await open()
    await publish(now, 1)
    await allReadBack(now)
    const { key, value } = made(now.origin)
    await write({ key, value })
    await until(() => now.opened.replication.alarms.has('diverged'), 'it is found')
    expect(now.chain.accepts()).toBe(false)
    expect(now.reports[0]).toMatch(/a published checkpoint with our signature that this folder’s/)
    const proofs = join(now.data, 'ledger/proofs')
    const [name = ''] = readdirSync(proofs)
    expect(name).toMatch(/^note-/)
    const proof = JSON.parse(readFileSync(join(proofs, name), 'utf8')) as Record<string, unknown>
    const isSameSize = value.toString().startsWith(`${now.origin}\n1\n`)
    expect(proof).toMatchObject({
      theirs: value.toString(),
      ...(isSameSize && { ours: notes()[0] }),
    })
  })
})

test('where they can’t be read back that is told; exchanges go on, and it ends by itself', async () => {
  let mayRead = false
  const real = transportTo(broker().address)
  const transport: LogTransport = {
    ...real,
    openReader: async (lane) => {
      if (lane.topic !== 'checkpoints' || mayRead) return real.openReader(lane)
      return Promise.reject(new LogUnavailable('the topic can’t be read'))
    },
  }
  const now = await open({ transport })
  await publish(now, 1)
  await until(() => now.opened.replication.alarms.has('unpublished'), 'it is told')
  expect((await now.put(2)).index).toBe(1)
  expect(now.chain.accepts()).toBe(true)
  mayRead = true
  await until(() => !now.opened.replication.alarms.has('unpublished'), 'it is over')
  await until(async () => (await stored()).length === 1, 'it is sent')
})

test('a store of published checkpoints is handed on in its order', () => {
  kept = [1, 2, 3].map((size) => ({ origin: 'T/registry', size, note: `note ${size}` }))
  const post = postedCheckpoints({ length: 3, read: (from) => kept.slice(from) })
  expect(post.read(1, 1)).toEqual([message('T/registry', 'note 2')])
  expect(post.read(3, 9)).toEqual([])
})
