/** The topic of published checkpoints: what an auditor who reads Kafka holds the chains against. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Evidence } from '../../gateway/console/evidence.ts'
import { decodeCommit } from '../../gateway/replication/message.ts'
import { publishedOn } from '../../gateway/replication/published-on.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { KEYS } from '../harness/small-ledger.ts'
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
    // With the leaves their exchanges' outcomes are gone, which nobody could tell from exchanges that are still open.
    return findings
      .filter(({ kind }) => kind !== 'outcome-missing')
      .map(({ chain, first, kind }) => [chain, first, kind])
  }
  expect(await kinds({})).toEqual([])
  const published = await publishedOn(topicOf(lanes.exchange.map(noteOf)), keys)
  expect(await kinds({ published })).toEqual([[RUNNING, newest.truth.first, 'behind']])
  expect((await judge(sourceOfLanes(lanes), { evidence: { published } })).findings).toEqual([])
})

test('a message that is no checkpoint is told', async () => {
  const published = await publishedOn(topicOf(['nonsense', undefined, 'T/registry\n']), keys)
  const { findings } = await judge(sourceOfLanes(lanesOf(ledger)), { evidence: { published } })
  expect(findings.map(({ kind }) => kind)).toEqual(['evidence-wrong'])
})

test('years of checkpoints take no more memory than days: the newest of each chain is there', async () => {
  const note = (chain: string, size: number): string =>
    `${chain}\n${String(size)}\n${'A'.repeat(43)}=\n\n— ${chain} AAAA\n`
  const texts = Array.from({ length: 1001 }, (_, size) => note(RUNNING, size + 1))
  const published = await publishedOn(topicOf([...texts, note('T/registry', 5)]), keys, 16)
  expect(published).toContain(texts.at(-1))
  expect(published).toContain(note('T/registry', 5))
  expect(published.length).toBeLessThanOrEqual(18)
  expect(published.length).toBeGreaterThan(8)
})

test('what others write there takes no memory: neither long texts nor chains of which no key is pinned are kept', async () => {
  const note = (chain: string, signature: string): string =>
    `${chain}\n1\n${'A'.repeat(43)}=\n\n— ${chain} ${signature}\n`
  const texts = [note(RUNNING, 'A'.repeat(20_000)), note('T/exchange/T/GOV/X/gw9/1', 'AAAA')]
  expect(await publishedOn(topicOf(texts), keys)).toEqual([undefined])
})
