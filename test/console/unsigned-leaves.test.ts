/** Somebody without a key writes among a chain's commits on Kafka, while some of those are not there: nobody is accused by that. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CommitReader } from '../../adapters/ledger-journal/commit-reader.ts'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import { verify } from '../../gateway/console/verify.ts'
import { checkpointText } from '../../gateway/ledger/checkpoint.ts'
import { placeOf } from '../../gateway/ledger/entry-bytes.ts'
import type { LeafKind } from '../../gateway/ledger/entry.ts'
import { Examiner } from '../../gateway/ledger/examine.ts'
import { accuses } from '../../gateway/ledger/finding-words.ts'
import { digestOf, EMPTY_TREE, leafHash } from '../../gateway/ledger/hash.ts'
import { leafText } from '../../gateway/ledger/leaf.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { RightEdge } from '../../gateway/ledger/right-edge.ts'
import type { Commit } from '../../gateway/ports/chain-journal.ts'
import { encodeCommit } from '../../gateway/replication/message.ts'
import { copied } from '../harness/lane-commits.ts'
import {
  exchangeOrigin,
  KEYS,
  openOn,
  put,
  putGenesis,
  putHeads,
  putInstance,
  putOpening,
  REGISTRY,
  THEN,
} from '../harness/small-ledger.ts'
import { sourceOfLanes, type Sent } from '../harness/tamper/messages.ts'

const CHAIN = exchangeOrigin(1)
const data = mkdtempSync(join(tmpdir(), 'gongdao-unsigned-'))
let registry: readonly Commit[]
let chain: readonly Commit[]

beforeAll(async () => {
  const { chain: writing } = await openOn(data, REGISTRY)
  await putInstance(writing)
  const { chain: exchanges } = await openOn(data, CHAIN)
  await putOpening(exchanges, await putGenesis(writing, 1), 1)
  for (let times = 0; times < 3; times += 1) await putHeads(exchanges, writing.head())
  await put(writing, 'revocations', { at: THEN + 100, v: 1 })
  await put(writing, 'revocations', { at: THEN + 200, v: 1 })
  await exchanges.close()
  await writing.close()
  registry = commits(REGISTRY)
  chain = commits(CHAIN)
})

afterAll(() => {
  rmSync(data, { recursive: true })
})

function commits(origin: string): Commit[] {
  const reader = new CommitReader({ folder: chainFolder(data, origin), origin })
  return [...reader.read(0, 1_000_000, 100_000_000)]
}

function sent(origin: string, all: readonly Commit[]): Sent[] {
  return all.map((commit) => ({
    key: origin,
    value: encodeCommit(commit),
    truth: { chain: origin, first: commit.first, last: commit.first },
  }))
}

/** A leaf behind those, and a checkpoint over it with a signature that is none; without `root` it fits. */
function unsigned(
  origin: string,
  before: readonly Commit[],
  {
    kind,
    record,
    root,
  }: { readonly kind: LeafKind; readonly record: string; readonly root?: string },
): Commit {
  const tree = new RightEdge()
  for (const { count, payload } of before) {
    let at = 0
    for (let entry = 0; entry < count; entry += 1) {
      const { end = NaN, hashedAt = NaN } = placeOf(payload, at, payload.length) ?? {}
      tree.push(leafHash(payload.subarray(hashedAt, end)))
      at = end
    }
  }
  const first = tree.size
  const leaf = leafText(kind, digestOf(record), undefined)
  const lengths = [record.length, leaf.length].map((length) => {
    const two = Buffer.alloc(2)
    two.writeUInt16BE(length)
    return two
  })
  const hashed = Buffer.from(`\0${leaf}`)
  const entry = Buffer.concat([lengths[0]!, Buffer.from(record), lengths[1]!, hashed])
  expect(placeOf(entry, 0, entry.length)?.end).toBe(entry.length)
  tree.push(leafHash(hashed))
  const text = checkpointText(origin, tree.size, root ?? tree.root())
  const note = `${text}\n\u2014 ${origin} ${Buffer.alloc(68, 1).toString('base64')}\n`
  return { first, count: 1, payload: Buffer.concat([entry, Buffer.from(note)]) }
}

async function kindsOn(lanes: {
  readonly registry?: readonly Commit[]
  readonly chain?: readonly Commit[]
}): Promise<string[]> {
  const examiner = new Examiner()
  const { findings } = await verify({
    source: sourceOfLanes({
      registry: sent(REGISTRY, lanes.registry ?? registry),
      exchange: sent(CHAIN, lanes.chain ?? chain),
    }),
    keys: parsePinnedKeys(KEYS),
    now: THEN + 200,
    examine: (chunk, how) => examiner.examine(chunk, how),
  })
  return findings.map(({ kind }) => kind)
}

const CLOSURE = JSON.stringify({
  ...{ at: THEN, chain: exchangeOrigin(9), root: 'A'.repeat(43), sealed: false, size: 3, v: 1 },
})

test('the ledger has no finding', async () => {
  expect(await kindsOn({})).toEqual([])
})

test('a leaf in the place of a commit that is still to come, under that commit’s public checkpoint', async () => {
  const there = chain.slice(0, -1)
  for (const record of ['{"x":1}', CLOSURE]) {
    const fake = unsigned(CHAIN, there, { kind: 'heads', record })
    const bait = copied([fake], chain.at(-1)!)
    for (const lane of [
      [...there, fake, bait],
      [...there, bait, fake],
      [...there, bait],
      [...there, fake],
    ]) {
      const kinds = await kindsOn({ chain: lane })
      expect(kinds.filter((kind) => accuses(kind as never))).toEqual([])
      expect(kinds).not.toEqual([])
    }
    expect(new Set(await kindsOn({ chain: [...chain, fake, bait] }))).toEqual(new Set(['foreign']))
  }
})

test.each([
  ['that fits', undefined],
  ['that does not', EMPTY_TREE],
])('a leaf in a gap, under a made-up checkpoint with a root %s', async (_, root) => {
  const [before, behind] = [registry.slice(0, -2), registry.slice(-1)]
  // The second has no place in a registry.
  for (const kind of ['closure', 'heads'] as const) {
    const how = { kind, record: CLOSURE, ...(root !== undefined && { root }) }
    const fake = unsigned(REGISTRY, before, how)
    const bait = copied([fake], registry.at(-2)!)
    for (const put of [[fake], [bait], [fake, bait], [bait, fake]]) {
      const kinds = await kindsOn({ registry: [...before, ...put, ...behind] })
      expect(kinds.filter((kind) => accuses(kind as never))).toEqual([])
      expect(kinds).not.toEqual([])
    }
  }
})
