/** A lane as an auditor reads it who trusts the server for nothing: commits that are missing, early, twice, or others. */
import { expect, test } from '@jest/globals'
import type { Chunk } from '../../gateway/ledger/chunk.ts'
import type { ReadMessage } from '../../gateway/ports/log-transport.ts'
import { laneSource, type ReadableLog } from '../../gateway/replication/lane-source.ts'
import { encodeCommit } from '../../gateway/replication/message.ts'
import { SeenCommits } from '../../gateway/replication/seen-commits.ts'
import { exchangeOrigin } from '../harness/small-ledger.ts'

const ORIGIN = exchangeOrigin(1)

function commit(first: number, count = 1, text = ''): Buffer {
  return encodeCommit({
    first,
    count,
    payload: Buffer.from(`a commit that begins at ${String(first)}${text}`),
  })
}

/** What is wrong with the order and the bytes of these messages: kind, first and last leaf. */
async function findingsIn(values: readonly Buffer[], isSigned = true): Promise<unknown[]> {
  const messages = values.map((value, offset): ReadMessage => ({ key: ORIGIN, offset, value }))
  const log: ReadableLog = {
    partitions: 1,
    openReader: ({ topic }) => {
      const all = topic === 'exchange' ? messages : []
      const read = (offset: number) =>
        Promise.resolve({ messages: all.slice(offset), next: all.length, low: 0, high: all.length })
      return Promise.resolve({ read, close: () => Promise.resolve() })
    },
  }
  const source = laneSource(log, () => isSigned)
  const chunks: Chunk[] = []
  for await (const chunk of source.read(ORIGIN, { from: 0, mayGrow: false })) chunks.push(chunk)
  return chunks
    .flatMap(({ parts }) => parts)
    .flatMap((part) => (part.type === 'damage' ? [part.finding] : []))
    .map(({ first, kind, last }) => [kind, first, last])
}

test('repeats are left out, and what comes before its turn waits', async () => {
  expect(await findingsIn([0, 1, 3, 2, 2, 0, 3, 4].map((first) => commit(first)))).toEqual([])
})

test('other bytes for leaves that were there are a fork, before their turn and after it', async () => {
  const late = [commit(0), commit(1), commit(0, 1, ' again')]
  expect(await findingsIn(late)).toEqual([['fork', 0, 0]])
  const early = [commit(1), commit(1, 1, ' again'), commit(0)]
  expect(await findingsIn(early)).toEqual([['fork', 1, 1]])
  const overlapping = [commit(0), commit(2), commit(1, 4)]
  expect(await findingsIn(overlapping)).toEqual([['fork', 2, 2]])
  const otherCount = encodeCommit({
    first: 0,
    count: 2,
    payload: Buffer.from('a commit that begins at 0'),
  })
  expect(await findingsIn([commit(0), otherCount])).toEqual([['fork', 0, 1]])
})

test('bytes that the chain’s key did not sign accuse nobody who has it', async () => {
  const late = [commit(0), commit(1), commit(0, 1, ' by somebody else')]
  expect(await findingsIn(late, false)).toEqual([['foreign', 0, 0]])
})

test('a few bytes that claim more leaves than they can hold are no commit, and stand in nobody’s way', async () => {
  const claim = encodeCommit({ first: 1, count: 2 ** 32 - 1, payload: Buffer.from('junk') })
  expect(await findingsIn([commit(0), claim, commit(1), commit(2)])).toEqual([
    ['frame-damaged', 1, 1],
  ])
})

test('a topic whose beginning was deleted is told, however much of a chain stands behind it', async () => {
  const behind = Array.from({ length: 200_000 }, (_, at) => commit(at + 7))
  expect(await findingsIn(behind)).toEqual([['index-wrong', 0, 6]])
})

test('what was read is known after many, each by its first leaf and its bytes', () => {
  const seen = new SeenCommits()
  for (let at = 0; at < 5000; at += 1) seen.add(at * 3, commit(at * 3))
  expect([0, 3, 4500, 14_997].map((first) => seen.has(first, commit(first)))).not.toContain(false)
  expect([1, 14_998, 15_000].map((first) => seen.has(first, commit(first)))).not.toContain(true)
  expect(seen.has(3, commit(3, 2))).toBe(false)
})
