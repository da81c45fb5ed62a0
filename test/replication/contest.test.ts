/** Whoever may write to the log server puts something there before the chain's own commit comes: the own one is read, and the other told. */
import { expect, test } from '@jest/globals'
import { CommitReader } from '../../adapters/ledger-journal/commit-reader.ts'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import { placeOf } from '../../gateway/ledger/entry-bytes.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import type { Commit } from '../../gateway/ports/chain-journal.ts'
import type { ReadMessage } from '../../gateway/ports/log-transport.ts'
import { signedWith } from '../../gateway/replication/fork-proof.ts'
import { laneSource } from '../../gateway/replication/lane-source.ts'
import { encodeCommit } from '../../gateway/replication/message.ts'
import type { ReadableLog } from '../../gateway/replication/open-lane.ts'
import { SimDisk } from '../harness/sim-disk.ts'
import { exchangeOrigin, KEYS, openOn, put } from '../harness/small-ledger.ts'

const ORIGIN = exchangeOrigin(1)

/** Of one chain whose leaves are these numbers, a commit each. */
async function commitsOf(numbers: readonly number[]): Promise<readonly Commit[]> {
  const disk = new SimDisk()
  const { chain } = await openOn('/data', ORIGIN, { disk })
  for (const number of numbers) await put(chain, 'heads', { number })
  const reader = new CommitReader({ disk, folder: chainFolder('/data', ORIGIN), origin: ORIGIN })
  return reader.read(0, numbers.length, 1_000_000)
}

function logOf(commits: readonly Commit[]): ReadableLog {
  const messages = commits.map((commit, offset): ReadMessage => ({
    key: ORIGIN,
    offset,
    value: encodeCommit(commit),
  }))
  return {
    partitions: 1,
    openReader: ({ topic }) => {
      const all = topic === 'exchange' ? messages : []
      const read = (offset: number) =>
        Promise.resolve({ messages: all.slice(offset), next: all.length, low: 0, high: all.length })
      return Promise.resolve({ read, close: () => Promise.resolve() })
    },
  }
}

interface Read {
  readonly findings: readonly unknown[]
  /** Of the whole chain, in its order. */
  readonly bytes: Buffer
}

async function read(commits: readonly Commit[]): Promise<Read> {
  const source = laneSource(logOf(commits), signedWith(parsePinnedKeys(KEYS)))
  const findings: unknown[] = []
  const bytes: Buffer[] = []
  for await (const chunk of source.read(ORIGIN, { from: 0, mayGrow: false })) {
    bytes.push(Buffer.from(chunk.bytes))
    for (const part of chunk.parts) {
      if (part.type !== 'damage') continue
      const { first, kind, last } = part.finding
      findings.push([kind, first, last])
    }
  }
  return { findings, bytes: Buffer.concat(bytes) }
}

function bytesOf(commits: readonly Commit[]): Buffer {
  return Buffer.concat(commits.map(({ payload }) => payload))
}

function endOfEntries({ count, payload }: Commit): number {
  let at = 0
  for (let entry = 0; entry < count; entry += 1) {
    at = placeOf(payload, at, payload.length)?.end ?? NaN
  }
  return at
}

/** The leaves of one behind the checkpoint of the other. */
function copied(leaves: Commit, checkpoint: Commit): Commit {
  const parts = [
    leaves.payload.subarray(0, endOfEntries(leaves)),
    checkpoint.payload.subarray(endOfEntries(checkpoint)),
  ]
  return { ...leaves, payload: Buffer.concat(parts) }
}

const own = await commitsOf([1, 2, 3, 4])
/** From another disk, with the same key: what a cloned folder writes. */
const fork = await commitsOf([1, 2, 7, 8])
const [one, two, three, four] = own as [Commit, Commit, Commit, Commit]
const nonsense: Commit = { first: 2, count: 1, payload: Buffer.from('nonsense') }

test('what the key did not sign is told, and the chain is read as it is', async () => {
  expect(await read([one, two, nonsense, three, four])).toEqual({
    findings: [['foreign', 2, 2]],
    bytes: bytesOf(own),
  })
})

test('so is a checkpoint of the chain, which anyone can copy, behind other leaves', async () => {
  const forged = copied(fork[2]!, three)
  expect(await read([one, two, forged, three, four])).toEqual({
    findings: [['foreign', 2, 2]],
    bytes: bytesOf(own),
  })
  expect(await read([one, two, three, forged, four])).toEqual({
    findings: [['foreign', 2, 2]],
    bytes: bytesOf(own),
  })
})

test('so is the checkpoint of a later commit behind other leaves in place of several', async () => {
  const [, , third, fourth] = fork as [Commit, Commit, Commit, Commit]
  const leaves = [third, fourth].map((commit) => commit.payload.subarray(0, endOfEntries(commit)))
  const checkpoint = four.payload.subarray(endOfEntries(four))
  const forged = { first: 2, count: 2, payload: Buffer.concat([...leaves, checkpoint]) }
  for (const order of [
    [one, two, forged, three, four],
    [one, two, three, forged, four],
    [one, two, three, four, forged],
    [one, forged, two, three, four],
  ]) {
    expect(await read(order)).toEqual({ findings: [['foreign', 2, 3]], bytes: bytesOf(own) })
  }
})

test('so is what covers more leaves than the commit in whose place it stands, and what comes early', async () => {
  const long = { ...nonsense, count: 5 }
  const early = { ...nonsense, first: 3 }
  expect(await read([one, early, long, two, three, long, four, early])).toEqual({
    findings: [
      ['foreign', 3, 3],
      ['foreign', 2, 6],
      ['foreign', 2, 6],
      ['foreign', 3, 3],
    ],
    bytes: bytesOf(own),
  })
})

test('so is another record beside the leaf that names the chain’s own', async () => {
  const payload = Buffer.from(three.payload)
  payload[(placeOf(payload, 0, payload.length)?.recordEnd ?? 0) - 2]! ^= 1
  const forged = { ...three, payload }
  for (const order of [
    [one, two, forged, three, four],
    [one, two, three, forged, four],
  ]) {
    expect(await read(order)).toEqual({ findings: [['foreign', 2, 2]], bytes: bytesOf(own) })
  }
})

test('two that the key signed, each over its own leaves, are a fork, whichever comes first', async () => {
  const [, , third, fourth] = fork as [Commit, Commit, Commit, Commit]
  const { bytes, findings } = await read([one, two, three, third, four, fourth])
  expect(findings).toEqual([
    ['fork', 2, 2],
    ['fork', 3, 3],
  ])
  expect(bytes).toEqual(bytesOf(own))
  const other = await read([one, two, third, three, fourth, four])
  expect(other.findings).toEqual(findings)
  expect(other.bytes).toEqual(bytesOf(fork))
})

test('leaves that came again without records that were pruned in between are no fork, and the records are read', async () => {
  const at = placeOf(three.payload, 0, three.payload.length)
  const rest = three.payload.subarray(at?.recordEnd)
  const pruned = { ...three, payload: Buffer.concat([Buffer.alloc(2), rest]) }
  expect(pruned.payload.length).toBeLessThan(three.payload.length)
  for (const order of [
    [one, two, three, pruned, four],
    [one, two, pruned, three, four],
  ]) {
    expect(await read(order)).toEqual({ findings: [], bytes: bytesOf(own) })
  }
})
