/** L11 and the export: what C2SP clients find in the folder, at every size that matters, and after every way of breaking off. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { exportLedger } from '../../adapters/ledger-tiles/export-ledger.ts'
import { tilesSource } from '../../adapters/ledger-tiles/chain-source.ts'
import { chainIn } from '../../adapters/ledger-tiles/layout.ts'
import { journalSource } from '../../adapters/ledger-journal/chain-source.ts'
import { leafHashOf, nodeHash } from '../../gateway/ledger/hash.ts'
import type { TreeHash } from '../../gateway/ledger/hash.ts'
import { parseCheckpoint, vkeyText } from '../../gateway/ledger/note.ts'
import type { Part } from '../../gateway/ledger/chunk.ts'
import type { ChainSource } from '../../gateway/ports/chain-source.ts'
import { testSigner } from '../harness/memory-ledger.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import {
  consistencyProof,
  inclusionProof,
  isConsistent,
  rangeRoot,
  rootFromInclusion,
} from '../../gateway/ledger/proofs.ts'
import type { NodeSource } from '../../gateway/ledger/proofs.ts'
import { RightEdge } from '../../gateway/ledger/right-edge.ts'
import { TILE, TileTree, perfectRoot, tilePath, tilePlace } from '../../gateway/ledger/tile-tree.ts'
import { rootOf } from '../../gateway/ledger/tree.ts'
import { Chance } from '../exchange/json-documents.ts'
import { BrokenOff, MemoryFiles } from '../harness/memory-files.ts'
import { KEYS, REGISTRY } from '../harness/small-ledger.ts'
import { syntheticLeaf, syntheticSource } from '../harness/synthetic-chain.ts'
import { CLOSED, INSTANCE, judge, tamperLedger } from '../harness/tamper/ledger.ts'

const SIZES = [1, 2, 255, 256, 257, 65_535, 65_536, 65_537]
const keys = parsePinnedKeys(KEYS)

function exported(files: MemoryFiles, size: number): ReturnType<typeof exportLedger> {
  const source = syntheticSource({ origin: REGISTRY, size, batch: 1000 })
  return exportLedger({ source, keys, to: '/x', files })
}

function text(files: MemoryFiles, file: string): string {
  return files.read(`/x/registry/${file}`)?.toString('utf8') ?? ''
}

/** Any node of the tree, from the files alone, as a C2SP client finds it. */
function nodesIn(files: MemoryFiles, size: number): NodeSource {
  return (level, position) => {
    const tileLevel = Math.floor(level / 8)
    const width = 2 ** (level % 8)
    const number = Math.floor((position * width) / TILE)
    const { number: right, width: rest } = tilePlace(size, tileLevel)
    const bytes = files.read(
      `/x/registry/${tilePath(tileLevel, number, number === right ? rest : undefined)}`,
    )
    const hashes = bytes?.toString('latin1') ?? ''
    const at = (position * width) % TILE
    const own = Array.from({ length: width }, (_, each) =>
      hashes.slice((at + each) * 32, (at + each + 1) * 32),
    )
    return perfectRoot(own)
  }
}

test('paths of tiles are those of the specification', () => {
  expect(tilePath(0, 1_234_067)).toBe('tile/0/x001/x234/067')
  expect(tilePath(5, 0)).toBe('tile/5/000')
  expect(tilePath('entries', 1000, 17)).toBe('tile/entries/x001/000.p/17')
})

describe('an export that grows', () => {
  const files = new MemoryFiles()

  test.each(SIZES)(
    'to %d leaves leads from its tiles to its checkpoint, and proves leaves and growth',
    async (size) => {
      await exported(files, size)
      const note = text(files, 'checkpoint')
      const head = parseCheckpoint(note.slice(0, note.indexOf('\n\n') + 1))!
      expect(head.size).toBe(size)
      const nodes = nodesIn(files, size)
      expect(rangeRoot(nodes, 0, size)).toBe(head.root)
      const indices = [0, 1, 254, 255, 256, size - 2, size - 1]
      for (const index of new Set(indices.filter((each) => each >= 0 && each < size))) {
        const proof = inclusionProof(nodes, index, size)
        const leaf = leafHashOf(syntheticLeaf(index))
        expect(rootFromInclusion(leaf, { index, size }, proof)).toBe(head.root)
      }
      for (const old of SIZES.filter((each) => each <= size)) {
        const earlierHead = { size: old, root: rangeRoot(nodes, 0, old) }
        expect(isConsistent(earlierHead, head, consistencyProof(nodes, old, size))).toBe(true)
      }
    },
  )

  test('has the very files of one made at once', async () => {
    const atOnce = new MemoryFiles()
    await exported(atOnce, SIZES.at(-1)!)
    const names = ({ files: all }: MemoryFiles): string[] =>
      [...all.keys()].filter((file) => !file.includes('/checkpoints')).sort()
    expect(names(files)).toEqual(names(atOnce))
    const differing = names(atOnce).filter(
      (file) => files.read(file)?.equals(atOnce.read(file)!) !== true,
    )
    expect(differing).toEqual([])
  })
})

describe('a tree of more than 2^31 leaves, all alike', () => {
  /** Root of 2^level of them. */
  const perfect: TreeHash[] = [leafHashOf('x')]
  for (let level = 1; level < 54; level += 1)
    perfect.push(nodeHash(perfect[level - 1]!, perfect[level - 1]!))
  const nodes: NodeSource = (level) => perfect[level]!
  const growing = (size: number): TreeHash[][] =>
    Array.from({ length: 7 }, (_, level) =>
      Array.from({ length: tilePlace(size, level).width }, () => perfect[8 * level]!),
    )

  test.each([2 ** 31, 2 ** 32, 2 ** 40, 2 ** 52])(
    '%d grows by tiles whose numbers and roots fit',
    (boundary) => {
      const tiles: { level: number; number: number }[] = []
      const size = boundary - 2
      const tree = new TileTree(({ level, number }) => tiles.push({ level, number }), {
        size,
        growing: growing(size),
      })
      const edge = new RightEdge(tree.edge())
      for (let more = 1; more <= 4; more += 1) {
        tree.push(perfect[0]!)
        edge.push(perfect[0]!)
        expect(tree.size).toBe(size + more)
        expect(edge.root()).toBe(rangeRoot(nodes, 0, size + more))
        expect(rootOf(tree.edge())).toBe(edge.root())
      }
      const ends = tiles.map(({ level, number }) => (number + 1) * TILE ** (level + 1))
      expect(new Set(ends)).toEqual(new Set([boundary]))
    },
  )
})

test('what was exported is never replaced by another story, nor by a shorter one', async () => {
  const files = new MemoryFiles()
  await exported(files, 300)
  const before = new Map(files.files)
  await expect(exported(files, 299)).rejects.toThrow('299 leaves, 300 were exported before')
  const source = syntheticSource({ origin: REGISTRY, size: 400, batch: 7 })
  const other = {
    ...source,
    read: (origin: string) =>
      reversed(source.read(origin, { from: 0, mayGrow: false }) as Iterable<never>),
  }
  await expect(exportLedger({ source: other, keys, to: '/x', files })).rejects.toThrow(
    'was not exported',
  )
  expect(files.read('/x/checkpoints')).toEqual(before.get('/x/checkpoints'))
  expect(files.read('/x/registry/checkpoint')).toEqual(before.get('/x/registry/checkpoint'))
})

function reversed<Item>(items: Iterable<Item>): Item[] {
  return [...items].reverse()
}

test('an export under a key that is not pinned is refused', async () => {
  const source = syntheticSource({ origin: REGISTRY, size: 3, batch: 3 })
  const wrong = parsePinnedKeys(vkeyText(REGISTRY, testSigner(9).publicKey))
  await expect(
    exportLedger({ source, keys: wrong, to: '/x', files: new MemoryFiles() }),
  ).rejects.toThrow('not signed')
})

test('a list of checkpoints that lost a chain is damaged, though nothing else would tell', async () => {
  const ledger = await tamperLedger()
  try {
    const file = join(ledger.tiles, 'checkpoints')
    const heads = readFileSync(file)
    writeFileSync(file, heads.subarray(0, heads.length - 1))
    const { findings } = await judge(tilesSource({ folder: ledger.tiles, instance: INSTANCE }))
    expect(findings[0]).toMatchObject({ chain: REGISTRY, kind: 'tile-damaged' })
  } finally {
    ledger.remove()
  }
})

test.each([REGISTRY, CLOSED])(
  'the checkpoint of %s that C2SP clients begin with is a part of the export',
  async (chain) => {
    const ledger = await tamperLedger()
    try {
      rmSync(join(ledger.tiles, chainIn('', chain), 'checkpoint'))
      const { findings } = await judge(tilesSource({ folder: ledger.tiles, instance: INSTANCE }))
      expect(findings).toMatchObject([
        { chain, kind: 'tile-damaged', sentence: 'its file checkpoint is not there' },
      ])
    } finally {
      ledger.remove()
    }
  },
)

test('a checkpoint that was made to sign less than its bundle is not the fault of the leaf before', async () => {
  const ledger = await tamperLedger()
  try {
    const file = join(ledger.tiles, chainIn('', CLOSED), 'checkpoints/001')
    const bytes = readFileSync(file, 'latin1')
    const [line = '', size = ''] = /\n(2\d\d)\n/.exec(bytes) ?? []
    expect(Number(size)).toBeGreaterThan(TILE)
    writeFileSync(file, bytes.replace(line, `\n${String(TILE)}\n`), 'latin1')
    const { findings } = await judge(tilesSource({ folder: ledger.tiles, instance: INSTANCE }))
    expect(findings).toMatchObject([{ chain: CLOSED, kind: 'checkpoint-wrong', last: TILE }])
  } finally {
    ledger.remove()
  }
})

/** As it stood after so many leaves, before the chain was closed. */
const EARLIER = new Map([
  [REGISTRY, 2],
  [CLOSED, 2 + 17 * 17],
])

function earlier(source: ChainSource): ChainSource {
  return {
    ...source,
    async *read(origin, how) {
      const size = EARLIER.get(origin) ?? 0
      for await (const { bytes, parts } of source.read(origin, how)) {
        const isIn = (part: Part): boolean =>
          part.type !== 'damage' && part.first + part.count <= size
        yield { bytes, parts: parts.filter(isIn) }
      }
    },
  }
}

test('broken off at any step, by a crash or a power cut, the folder is a good export: the earlier one or the new', async () => {
  const ledger = await tamperLedger()
  const chance = new Chance(7)
  try {
    const source = journalSource({ data: ledger.data, instance: INSTANCE })
    const before = new MemoryFiles()
    await exportLedger({ source: earlier(source), keys, to: '/x', files: before })
    const whole = before.copy()
    await exportLedger({ source, keys, to: '/x', files: whole })
    for (let step = 0; step < whole.steps; step += 1) {
      const files = before.copy()
      files.stepsLeft = step
      await expect(exportLedger({ source, keys, to: '/x', files })).rejects.toThrow(BrokenOff)
      if (step % 2 === 0) files.cutPower(() => chance.happens(0.5))
      const { findings } = await judge(tilesSource({ folder: '/x', instance: INSTANCE, files }))
      expect(findings).toEqual([])
      files.stepsLeft = undefined
      await exportLedger({ source, keys, to: '/x', files })
      expect(files.read('/x/checkpoints')).toEqual(whole.read('/x/checkpoints'))
    }
  } finally {
    ledger.remove()
  }
}, 60_000)
