/** The pure parts: messages, lanes, and what counts as the same commit. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { EntryWriter } from '../../gateway/ledger/entry-bytes.ts'
import type { Commit } from '../../gateway/ports/chain-journal.ts'
import { FollowedChain } from '../../gateway/replication/followed-chain.ts'
import { laneOf } from '../../gateway/replication/lane-of.ts'
import { decodeCommit, encodeCommit, MOST_ENTRIES } from '../../gateway/replication/message.ts'
import { isSameCommit } from '../../gateway/replication/same-commit.ts'
import { KeptCommits } from '../../gateway/replication/kept-commits.ts'
import { WaitingLine } from '../../gateway/replication/waiting-line.ts'

const RECORDS = ['{"a":1}', '{"b":"二"}', '{"c":[]}']
const HASHES = RECORDS.map(() => 'hash')
const NOTE = 'T/exchange/x/1\n3\nroot\n\n— T/exchange/x/1 sig\n'

function commitOf(records: readonly string[]): Commit {
  const writer = new EntryWriter()
  for (const record of records) writer.entry({ kind: 'intent', record })
  writer.note(NOTE)
  return { first: 7, count: records.length, payload: Buffer.from(writer.written()) }
}

/** As `stripped` of the journal leaves an entry: its record has no length. */
function pruned({ payload, ...rest }: Commit): Commit {
  const length = payload.readUInt16BE(0)
  return { ...rest, payload: Buffer.concat([Buffer.alloc(2), payload.subarray(2 + length)]) }
}

test('a commit comes back from its message as it was', () => {
  const anyCommit = fc.record({
    first: fc.nat({ max: 2 ** 31 - 1 }).map((low) => low * 2 ** 20),
    // An entry has five bytes at least.
    count: fc.integer({ min: 1, max: 40 }),
    payload: fc.uint8Array({ minLength: 200, maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
  })
  fc.assert(
    fc.property(anyCommit, (commit) => {
      expect(decodeCommit(encodeCommit(commit))).toEqual(commit)
    }),
  )
  const fits = { first: 0, count: 3, payload: Buffer.alloc(15) }
  expect(decodeCommit(encodeCommit(fits))).toEqual(fits)
  expect(decodeCommit(encodeCommit({ ...fits, count: 4 }))).toBeUndefined()
  const most = { first: 0, count: MOST_ENTRIES, payload: Buffer.alloc(5 * MOST_ENTRIES + 5) }
  expect(decodeCommit(encodeCommit(most))).toEqual(most)
  expect(decodeCommit(encodeCommit({ ...most, count: MOST_ENTRIES + 1 }))).toBeUndefined()
})

test('whatever else stands in a message is no commit, and never throws', () => {
  expect(decodeCommit(undefined)).toBeUndefined()
  expect(decodeCommit(encodeCommit({ first: 0, count: 0, payload: Buffer.of(1) }))).toBeUndefined()
  const beyond = { first: Number.MAX_SAFE_INTEGER, count: 1, payload: Buffer.of(1) }
  expect(decodeCommit(encodeCommit(beyond))).toBeUndefined()
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const commit = decodeCommit(Buffer.from(bytes))
      expect(commit === undefined || bytes[0] === 1).toBe(true)
    }),
  )
})

test('one changed byte makes another commit, whether or not records of ours were pruned', () => {
  const whole = commitOf(RECORDS)
  const lacking = pruned(whole)
  expect(isSameCommit(whole, whole)).toBe(true)
  expect(isSameCommit(lacking, whole)).toBe(true)
  expect(isSameCommit(whole, lacking)).toBe(false)
  expect(isSameCommit(whole, { ...whole, first: 8 })).toBe(false)
  const gone = RECORDS[0]?.length ?? 0
  for (let at = 0; at < whole.payload.length; at += 1) {
    const payload = Buffer.from(whole.payload)
    payload[at] = (payload[at] ?? 0) ^ 1
    expect(isSameCommit(whole, { ...whole, payload })).toBe(false)
    // What our folder does not hold any more it can't compare; the tree still covers it.
    if (at >= 2 && at < 2 + gone) continue
    expect(isSameCommit(lacking, { ...whole, payload })).toBe(false)
  }
})

test('what comes back is compared with what was sent, byte for byte, and with the journal when that is forgotten', () => {
  const commit = { ...commitOf(RECORDS), first: 0 }
  const other = Buffer.from(commit.payload)
  other[4] = (other[4] ?? 0) ^ 1
  const theirs = encodeCommit({ ...commit, payload: other })
  let reads = 0
  const journal = {
    read: () => {
      reads += 1
      return [commit]
    },
  }
  const sent = (): FollowedChain => {
    const chain = new FollowedChain({ origin: 'T/exchange/x/1', size: 3, journal }, 0, 0)
    chain.next(1)
    reads = 0
    return chain
  }
  const ours = sent()
  expect(ours.seen(encodeCommit(commit))).toEqual({ kind: 'fits' })
  expect([ours.readBack, reads]).toEqual([3, 0])
  // A repeat is compared with the journal.
  expect(ours.seen(encodeCommit(commit))).toEqual({ kind: 'fits' })
  expect(ours.seen(theirs)).toMatchObject({ kind: 'diverges', divergence: { why: 'other' } })
  expect(sent().seen(theirs)).toMatchObject({ kind: 'diverges', divergence: { why: 'other' } })
})

test('what became durable just now is sent without reading the journal; what is forgotten is read', () => {
  const commits = [0, 3, 6].map((first) => ({ ...commitOf(RECORDS), first }))
  const reads: number[] = []
  const journal = {
    read: (from: number) => {
      reads.push(from)
      return commits.filter(({ first }) => first === from)
    },
  }
  const chain = new FollowedChain({ origin: 'T/exchange/x/1', size: 3, journal }, 0, 0)
  for (const { first, payload } of commits.slice(1)) {
    chain.committed({ first, payload, hashes: HASHES, bytes: 10, note: NOTE }, 0)
  }
  const values = commits.map(encodeCommit)
  const sent = (mostBytes: number): unknown =>
    chain.next(mostBytes).messages.map(({ value }) => value)

  // The first stood in the journal when the process began.
  expect([sent(1e6), reads]).toEqual([[values[0]], [0]])
  chain.stored(3, 0)
  expect([sent(1), sent(1e6), reads]).toEqual([[values[1]], values.slice(1), [0]])
  chain.stored(9, 0)

  // Nothing of it is at the log server after all: all is sent again, from the journal, with the same bytes.
  expect(chain.settle()).toEqual({ kind: 'lost', from: 0, to: 9 })
  for (const [at, value] of values.entries()) {
    expect([sent(1), reads.at(-1)]).toEqual([[value], 3 * at])
    chain.stored(3 * at + 3, 0)
  }
})

test('what was sent and is not read back costs bounded memory, the oldest going first', () => {
  const sent = new KeptCommits()
  const megabyte = Buffer.alloc(1024 * 1024)
  for (let first = 0; first < 20; first += 1) sent.keep(first, megabyte)
  const kept = Array.from({ length: 20 }, (_, first) => first).filter((first) => sent.take(first))
  expect(kept).toEqual([12, 13, 14, 15, 16, 17, 18, 19])
})

test('a gateway’s chains share a partition for ever; the registry has its own', () => {
  const first = laneOf('T/exchange/T/GOV/A300000014/gw1/1', 12)
  expect(first).toEqual({ topic: 'exchange', partition: 7 })
  expect(laneOf('T/exchange/T/GOV/A300000014/gw1/998', 12)).toEqual(first)
  expect(laneOf('T/registry', 12)).toEqual({ topic: 'registry', partition: 0 })
  expect(() => laneOf('T/consent/x', 12)).toThrow(RangeError)
})

test('who waits is counted until it is reached, thousands of times over', () => {
  const line = new WaitingLine()
  for (let at = 1; at <= 5000; at += 1) line.add({ to: at * 2, records: 2, bytes: 10, since: at })
  line.reached(4001)
  expect([line.records, line.bytes, line.since]).toEqual([6000, 30_000, 2001])
  line.reached(Infinity)
  expect([line.records, line.bytes, line.since]).toEqual([0, 0, undefined])
})
