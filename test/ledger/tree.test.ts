import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { EMPTY_TREE, leafHash, nodeHash, treeHashOfBase64 } from '../../gateway/ledger/hash.ts'
import type { TreeHash } from '../../gateway/ledger/hash.ts'
import {
  consistencyProof,
  inclusionProof,
  isConsistent,
  rangeRoot,
  rootFromInclusion,
} from '../../gateway/ledger/proofs.ts'
import { EMPTY_EDGE, Growth, rootOf } from '../../gateway/ledger/tree.ts'
import type { Edge } from '../../gateway/ledger/tree.ts'

function sha(...parts: readonly Buffer[]): Buffer {
  return createHash('sha256').update(Buffer.concat(parts)).digest()
}

/** RFC 6962 §2.1, as it is written there. */
function mth(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return sha()
  if (leaves.length === 1) return sha(Buffer.of(0), leaves[0]!)
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return sha(Buffer.of(1), mth(leaves.slice(0, k)), mth(leaves.slice(k)))
}

function data(index: number): Buffer {
  return Buffer.from(`leaf ${index}`)
}

function hashOf(index: number): TreeHash {
  return leafHash(Buffer.concat([Buffer.of(0), data(index)]))
}

const memo = new Map<string, TreeHash>()
/** The tree of leaves `data(0)`, `data(1)`, … */
function node(level: number, position: number): TreeHash {
  if (level === 0) return hashOf(position)
  const known = memo.get(`${level}/${position}`)
  if (known !== undefined) return known
  const made = nodeHash(node(level - 1, 2 * position), node(level - 1, 2 * position + 1))
  memo.set(`${level}/${position}`, made)
  return made
}

function pathOf(growth: Growth, index: number): TreeHash[] {
  return growth
    .proofLines(index)
    .split('\n')
    .slice(0, -1)
    .map((line) => treeHashOfBase64(line)!)
}

const VECTORS = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
]
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

test('the roots of the Certificate Transparency test tree come out', () => {
  let edge: Edge = EMPTY_EDGE
  expect(Buffer.from(rootOf(edge), 'latin1')).toEqual(sha())
  for (const [at, hex] of VECTORS.entries()) {
    edge = new Growth(edge, [leafHash(Buffer.from(`00${hex}`, 'hex'))]).edge
    expect(Buffer.from(rootOf(edge), 'latin1').toString('hex')).toBe(ROOTS[at])
  }
})

test('a tree that grew by batches of any sizes has the root that RFC 6962 defines, and its proofs lead there', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }),
      (batches) => {
        let edge: Edge = EMPTY_EDGE
        for (const count of batches) {
          const first = edge.size
          const leaves = Array.from({ length: count }, (_, at) => hashOf(first + at))
          const growth = new Growth(edge, leaves)
          edge = growth.edge
          expect(rootOf(edge)).toBe(growth.root)
          for (let index = first; index < edge.size; index += 1) {
            const path = pathOf(growth, index)
            expect(path).toEqual(inclusionProof(node, index, edge.size))
            expect(rootFromInclusion(hashOf(index), { index, size: edge.size }, path)).toBe(
              growth.root,
            )
          }
        }
        const all = Array.from({ length: edge.size }, (_, at) => data(at))
        expect(rootOf(edge)).toBe(mth(all).toString('latin1'))
      },
    ),
    { numRuns: 60 },
  )
})

describe.each([0, 1, 2, 255, 256, 257, 65_535, 65_536, 65_537])('a tree of %i leaves', (size) => {
  const root = rangeRoot(node, 0, size)

  test('is the same grown at once and by one', () => {
    if (size === 0) {
      expect(root).toBe(EMPTY_TREE)
      return
    }
    const half = Math.ceil(size / 2)
    const leaves = Array.from({ length: size }, (_, at) => hashOf(at))
    const halfway = new Growth(EMPTY_EDGE, leaves.slice(0, half)).edge
    const edge = half === size ? halfway : new Growth(halfway, leaves.slice(half)).edge
    expect(rootOf(edge)).toBe(root)
  })

  test('has proofs that verify, and none that verify with a leaf, a size or a line changed', () => {
    for (const index of new Set([0, 1, size >> 1, size - 2, size - 1])) {
      if (index < 0 || index >= size) continue
      const proof = inclusionProof(node, index, size)
      const lead = (leaf: TreeHash, at: number, of: number, path = proof): TreeHash | undefined =>
        rootFromInclusion(leaf, { index: at, size: of }, path)
      expect(lead(hashOf(index), index, size)).toBe(root)
      expect(lead(hashOf(index + 1), index, size)).not.toBe(root)
      expect(lead(hashOf(index), size, size)).toBeUndefined()
      expect(lead(hashOf(index), index, size, [...proof, root])).not.toBe(root)
      if (size > 1) expect(lead(hashOf(index), index, size, proof.slice(1))).not.toBe(root)
    }
  })

  test('is consistent with every smaller one, and with no other root', () => {
    for (const old of new Set([0, 1, 2, 3, size >> 1, size - 1, size])) {
      if (old < 0 || old > size) continue
      const earlier = { size: old, root: rangeRoot(node, 0, old) }
      const proof = consistencyProof(node, old, size)
      expect(isConsistent(earlier, { size, root }, proof)).toBe(true)
      expect(isConsistent({ ...earlier, root: hashOf(7) }, { size, root }, proof)).toBe(false)
      if (old > 0) expect(isConsistent(earlier, { size, root: hashOf(8) }, proof)).toBe(false)
      expect(isConsistent(earlier, { size, root }, [...proof, root])).toBe(false)
    }
  })
})

test('every pair of sizes up to 40 has a consistency proof, and it is no proof of the pair reversed', () => {
  for (let size = 1; size <= 40; size += 1) {
    for (let old = 1; old <= size; old += 1) {
      const earlier = { size: old, root: rangeRoot(node, 0, old) }
      const later = { size, root: rangeRoot(node, 0, size) }
      const proof = consistencyProof(node, old, size)
      expect(isConsistent(earlier, later, proof)).toBe(true)
      if (old < size) expect(isConsistent(later, earlier, proof)).toBe(false)
    }
  }
})

describe.each([2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 5, 2 ** 52 + 3])(
  'beyond 32 bits, after %i leaves that are all alike',
  (size) => {
    // Every perfect subtree of equal leaves has the same root, so a huge tree costs one hash a level.
    const levels: TreeHash[] = [hashOf(0)]
    for (let level = 1; level <= 53; level += 1) {
      levels.push(nodeHash(levels[level - 1]!, levels[level - 1]!))
    }
    const alike = (level: number): TreeHash => levels[level]!
    const edgeOf = (count: number): Edge => ({
      size: count,
      peaks: Array.from(count.toString(2))
        .toReversed()
        .map((bit, level) => (bit === '1' ? alike(level) : undefined)),
    })

    test('a batch grows the tree, and its proofs verify', () => {
      const growth = new Growth(edgeOf(size), [hashOf(0), hashOf(0), hashOf(0)])
      expect(growth.root).toBe(rangeRoot(alike, 0, size + 3))
      expect(rootOf(growth.edge)).toBe(growth.root)
      for (const index of [size, size + 1, size + 2]) {
        const path = pathOf(growth, index)
        expect(path).toEqual(inclusionProof(alike, index, size + 3))
        expect(rootFromInclusion(hashOf(0), { index, size: size + 3 }, path)).toBe(growth.root)
      }
    })

    test('old leaves and old sizes have proofs', () => {
      const later = { size: size + 3, root: rangeRoot(alike, 0, size + 3) }
      for (const index of [0, 2 ** 30, Math.floor(size / 3), size - 1]) {
        const path = inclusionProof(alike, index, later.size)
        expect(rootFromInclusion(hashOf(0), { index, size: later.size }, path)).toBe(later.root)
      }
      const earlier = { size, root: rangeRoot(alike, 0, size) }
      expect(isConsistent(earlier, later, consistencyProof(alike, size, later.size))).toBe(true)
    })
  },
)
