/** Commits of one chain as a log server holds them, made by the real commit loop, and what somebody could make of them. */
import { CommitReader } from '../../adapters/ledger-journal/commit-reader.ts'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import { checkpointWriter } from '../../gateway/ledger/checkpoint.ts'
import { placeOf } from '../../gateway/ledger/entry-bytes.ts'
import type { Finding } from '../../gateway/ledger/finding.ts'
import { leafHash } from '../../gateway/ledger/hash.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { RightEdge } from '../../gateway/ledger/right-edge.ts'
import type { Commit } from '../../gateway/ports/chain-journal.ts'
import type { ReadMessage, ReadPart } from '../../gateway/ports/log-transport.ts'
import { laneSource } from '../../gateway/replication/lane-source.ts'
import { encodeCommit } from '../../gateway/replication/message.ts'
import type { ReadableLog } from '../../gateway/replication/open-lane.ts'
import { SimDisk } from './sim-disk.ts'
import { exchangeOrigin, gateway, KEYS, openOn, put } from './small-ledger.ts'

export const ORIGIN = exchangeOrigin(1)

/** A commit for each inner list, a leaf for each number: the same numbers make the same bytes. */
export async function commitsOf(batches: readonly (readonly number[])[]): Promise<Commit[]> {
  const disk = new SimDisk()
  const { chain } = await openOn('/data', ORIGIN, { disk })
  for (const batch of batches) {
    await Promise.all(batch.map((number) => put(chain, 'heads', { number })))
  }
  const reader = new CommitReader({ disk, folder: chainFolder('/data', ORIGIN), origin: ORIGIN })
  return [...reader.read(0, batches.flat().length, 100_000_000)]
}

export function endOfEntries({ count, payload }: Commit): number {
  let at = 0
  for (let entry = 0; entry < count; entry += 1) {
    at = placeOf(payload, at, payload.length, 'may lack its record')?.end ?? NaN
  }
  return at
}

/** Leaves of some commits in a row behind the checkpoint of another one: all of it is public. */
export function copied(leaves: readonly Commit[], checkpoint: Commit): Commit {
  const parts = leaves.map((commit) => commit.payload.subarray(0, endOfEntries(commit)))
  return {
    first: leaves[0]?.first ?? NaN,
    count: leaves.reduce((sum, { count }) => sum + count, 0),
    payload: Buffer.concat([...parts, checkpoint.payload.subarray(endOfEntries(checkpoint))]),
  }
}

/** As it is sent again when its records were pruned meanwhile. */
export function withoutRecords(commit: Commit): Commit {
  const pieces: Buffer[] = []
  let at = 0
  for (let entry = 0; entry < commit.count; entry += 1) {
    const { end = NaN, recordEnd = NaN } = placeOf(commit.payload, at, commit.payload.length) ?? {}
    pieces.push(Buffer.alloc(2), commit.payload.subarray(recordEnd, end))
    at = end
  }
  return { ...commit, payload: Buffer.concat([...pieces, commit.payload.subarray(at)]) }
}

export function flippedAt(commit: Commit, at: number): Commit {
  const payload = Buffer.from(commit.payload)
  payload[at] = (payload[at] ?? 0) ^ 1
  return { ...commit, payload }
}

/** By partition, as they are when they are read; offsets begin at 0. */
export function logOf(partitions: readonly (readonly Commit[])[]): ReadableLog {
  return {
    partitions: partitions.length,
    openReader: ({ partition, topic }) => {
      const commits = topic === 'exchange' ? (partitions[partition] ?? []) : []
      const read = (from: number): Promise<ReadPart> => {
        const messages = commits.slice(from).map((commit, at): ReadMessage => ({
          key: ORIGIN,
          offset: from + at,
          value: encodeCommit(commit),
        }))
        const { length } = commits
        return Promise.resolve({ messages, next: length, low: 0, high: length })
      }
      return Promise.resolve({ read, close: () => Promise.resolve() })
    },
  }
}

/** Kind, first and last leaf. */
export type Told = readonly [Finding['kind'], number | undefined, number | undefined]

export interface ReadChain {
  readonly findings: readonly Told[]
  readonly ends: boolean
  /** Of the commits that were handed over, in order. */
  readonly bytes: Buffer
}

export async function readLanes(
  partitions: readonly (readonly Commit[])[],
  keys = KEYS,
): Promise<ReadChain> {
  return readLog(logOf(partitions), keys)
}

export async function readLog(log: ReadableLog, keys = KEYS): Promise<ReadChain> {
  const source = laneSource(log, parsePinnedKeys(keys))
  const findings: Told[] = []
  const bytes: Buffer[] = []
  let ends = false
  for await (const chunk of source.read(ORIGIN, { from: 0, mayGrow: false })) {
    bytes.push(Buffer.from(chunk.bytes))
    for (const part of chunk.parts) {
      if (part.type !== 'damage') continue
      const { first, kind, last } = part.finding
      findings.push([kind, first, last])
      ends ||= part.ends
    }
  }
  return { findings, ends, bytes: Buffer.concat(bytes) }
}

export function bytesOf(commits: readonly Commit[]): Buffer {
  return Buffer.concat(commits.map(({ payload }) => payload))
}

/** Of one leaf, with a space behind it: the tree is over bytes, whatever they say. */
export function spaced(commit: Commit): Commit {
  const { end = NaN, recordEnd = NaN } = placeOf(commit.payload, 0, commit.payload.length) ?? {}
  const head = Buffer.from(commit.payload.subarray(0, end))
  head.writeUInt16BE(head.readUInt16BE(recordEnd) + 1, recordEnd)
  return {
    ...commit,
    payload: Buffer.concat([head, Buffer.from(' '), commit.payload.subarray(end)]),
  }
}

/** With the checkpoint that the chain's key makes over these leaves, behind those before. */
export function signedAgain(before: readonly Commit[], commit: Commit): Commit {
  const tree = new RightEdge()
  for (const one of [...before, commit]) {
    let at = 0
    for (let entry = 0; entry < one.count; entry += 1) {
      const { end = NaN, hashedAt = NaN } = placeOf(one.payload, at, one.payload.length) ?? {}
      tree.push(leafHash(one.payload.subarray(hashedAt, end)))
      at = end
    }
  }
  const note = checkpointWriter(ORIGIN, gateway)(tree.size, tree.root())
  const entries = commit.payload.subarray(0, endOfEntries(commit))
  return { ...commit, payload: Buffer.concat([entries, Buffer.from(note)]) }
}
