/** The topic of published checkpoints: what an auditor who reads Kafka holds the chains against. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Evidence } from '../../gateway/console/evidence.ts'
import { decodeCommit } from '../../gateway/replication/message.ts'
import { publishedOn } from '../../gateway/replication/published-on.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { checkpointWriter } from '../../gateway/ledger/checkpoint.ts'
import { leafHashOf } from '../../gateway/ledger/hash.ts'
import { knownByChain } from '../../gateway/ledger/known-heads.ts'
import { gateway, KEYS, registrar } from '../harness/small-ledger.ts'
import { judge, RUNNING, tamperLedger, type TamperLedger } from '../harness/tamper/ledger.ts'
import { lanesOf, sourceOfLanes, type Sent } from '../harness/tamper/messages.ts'

const keys = parsePinnedKeys(KEYS)
let ledger: TamperLedger

beforeAll(async () => {
  ledger = await tamperLedger()
})

afterAll(() => {
  ledger.remove()
})

/** A topic that holds these texts; a few at a time, as a broker gives them. */
function topicOf(texts: readonly (string | undefined)[]): Parameters<typeof publishedOn>[0] {
  const all = texts.map((text, offset) => ({
    key: 'whatever',
    offset,
    value: text === undefined ? undefined : Buffer.from(text),
  }))
  const openReader = () =>
    Promise.resolve({
      read(offset: number) {
        const messages = all.slice(offset, offset + 7)
        const next = offset + messages.length
        return Promise.resolve({ messages, next, low: 0, high: all.length })
      },
      close: () => Promise.resolve(),
    })
  return { partitions: 1, openReader }
}

function noteOf({ value }: Sent): string {
  const payload = decodeCommit(value)?.payload ?? Buffer.alloc(0)
  return payload.toString('utf8', payload.lastIndexOf('T/exchange/', payload.indexOf('\n—')))
}

test('a tail that was cut off in Kafka is missed, since its checkpoint was published', async () => {
  const lanes = lanesOf(ledger)
  const cut = { ...lanes, exchange: lanes.exchange.slice(0, -1) }
  const newest = lanes.exchange.at(-1)!
  expect(newest.key).toBe(RUNNING)
  const kinds = async (evidence: Evidence): Promise<unknown[]> => {
    const { findings } = await judge(sourceOfLanes(cut), { evidence })
    return findings.map(({ chain, first, kind }) => [chain, first, kind])
  }
  expect(await kinds({})).toEqual([])
  const { lists } = await publishedOn(topicOf(lanes.exchange.map(noteOf)), keys)
  expect(await kinds({ lists })).toEqual([[RUNNING, newest.truth.first, 'behind']])
  expect((await judge(sourceOfLanes(lanes), { evidence: { lists } })).findings).toEqual([])
})

test('a message that is no checkpoint is told', async () => {
  const topic = topicOf([
    noteOf(lanesOf(ledger).exchange[0]!),
    'nonsense',
    undefined,
    'T/registry\n',
  ])
  expect((await publishedOn(topic, keys)).isWhole).toBe(false)
})

test('one other tree among the checkpoints of hours is found, with its range, whatever anybody writes beside it', async () => {
  const write = checkpointWriter(RUNNING, gateway)
  const root = (of: string): string => leafHashOf(of)
  const texts = Array.from({ length: 10_001 }, (_, at) => write(at + 1, root(`${at + 1}`)))
  texts.splice(7777, 0, write(7001, root('other')))
  const junk = texts.map((text) => text.replace(/^.{44}$/m, `${'A'.repeat(43)}=`))
  const { isWhole, lists } = await publishedOn(topicOf([...texts, ...junk]), keys)
  expect(isWhole).toBe(true)
  const known = knownByChain({ heads: [], leaves: [], lists: [...lists] }).get(RUNNING)!
  expect([...known.forks()]).toEqual([
    expect.objectContaining({ chain: RUNNING, kind: 'fork', first: 0, last: 7000 }),
  ])
  expect(known.beyond(10_000)).toMatchObject({ kind: 'chain-truncated', first: 10_000 })
  expect(known.beyond(10_001)).toBeUndefined()
  const differing = Array.from({ length: 10_001 }, (_, at) =>
    known.compare(at, '', () => root(at === 4999 ? 'not that' : `${at + 1}`)),
  ).filter((finding) => finding !== undefined)
  expect(differing).toEqual([
    expect.objectContaining({ kind: 'history-rewritten', first: 4999, last: 4999 }),
  ])
}, 60_000)

test('what others write there takes no memory: nothing is kept that the key of its chain did not sign', async () => {
  const note = (chain: string, signature: string): string =>
    `${chain}\n1\n${'A'.repeat(43)}=\n\n— ${chain} ${signature}\n`
  const signed = checkpointWriter(RUNNING, registrar)(1, leafHashOf('x'))
  const texts = [note(RUNNING, 'AAAA'), note('T/exchange/T/GOV/X/gw9/1', 'AAAA'), signed]
  expect(await publishedOn(topicOf(texts), keys)).toEqual({ lists: new Map(), isWhole: true })
  const long = await publishedOn(topicOf([note(RUNNING, 'A'.repeat(20_000))]), keys)
  expect(long).toEqual({ lists: new Map(), isWhole: false })
})
