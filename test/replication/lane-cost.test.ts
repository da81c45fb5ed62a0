/** What reading a lane costs an auditor, whoever writes how many names there: its messages, and not their square. */
import { expect, test } from '@jest/globals'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import type { ReadMessage } from '../../gateway/ports/log-transport.ts'
import { laneSource } from '../../gateway/replication/lane-source.ts'
import { encodeCommit } from '../../gateway/replication/message.ts'
import type { ReadableLog } from '../../gateway/replication/open-lane.ts'
import { commitsOf, ORIGIN } from '../harness/lane-commits.ts'
import { exchangeOrigin, KEYS } from '../harness/small-ledger.ts'

const keys = parsePinnedKeys(KEYS)
const JUNK = Buffer.from('x')
const own = (await commitsOf([[1], [2], [3, 4], [5]])).map((commit) => encodeCommit(commit))

interface Counted {
  readonly log: ReadableLog
  /** Messages that a server has handed over. */
  given: number
}

function laneWith(messages: readonly (readonly [string, Buffer])[]): Counted {
  const all = messages.map(([key, value], offset): ReadMessage => ({ key, offset, value }))
  const counted: Counted = {
    given: 0,
    log: {
      partitions: 1,
      openReader: ({ topic }) =>
        Promise.resolve({
          read(offset) {
            const messages = topic === 'exchange' ? all.slice(offset, offset + 50) : []
            const high = topic === 'exchange' ? all.length : 0
            counted.given += messages.length
            return Promise.resolve({ messages, next: offset + messages.length, low: 0, high })
          },
          close: () => Promise.resolve(),
        }),
    },
  }
  return counted
}

function ofChain(value: Buffer): readonly [string, Buffer] {
  return [ORIGIN, value]
}

test('names that nobody opened are asked after in one reading', async () => {
  const cost = async (names: number): Promise<number> => {
    const junk = Array.from(
      { length: names },
      (_, at) => [exchangeOrigin(1000 + at), JUNK] as const,
    )
    const lane = laneWith([...junk, ...own.map(ofChain), ...junk])
    const found = await laneSource(lane.log, keys).chains()
    const signed: unknown[] = []
    for (const { isSigned, origin } of found) if ((await isSigned?.()) === true) signed.push(origin)
    expect([found.length, signed]).toEqual([names + 1, [ORIGIN]])
    return lane.given
  }
  expect((await cost(2000)) / (await cost(500))).toBeLessThan(5)
})

test('a name far away from its chain does not make everybody read all in between', async () => {
  const other = Array.from({ length: 50_000 }, () => [exchangeOrigin(2), JUNK] as const)
  const lane = laneWith([ofChain(JUNK), ...other, ...own.map(ofChain), ...other, ofChain(JUNK)])
  const source = laneSource(lane.log, keys)
  await source.chains()
  const listed = lane.given
  const leaves: number[] = []
  for await (const { parts } of source.read(ORIGIN, { from: 0, mayGrow: true })) {
    for (const part of parts) if (part.type === 'batch') leaves.push(part.first)
  }
  expect(leaves).toEqual([0, 1, 2, 4])
  expect(lane.given - listed).toBeLessThan(1000)
})
