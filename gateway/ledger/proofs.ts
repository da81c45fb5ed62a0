/**
 * Inclusion and consistency proofs (RFC 6962 §2.1.1, §2.1.2; verified as in RFC 9162 §2.1.3.2, §2.1.4.2). Made from
 * any source of nodes: tiles on disk, or a tree in memory. Numbers never meet a bit operator: exact up to 2^53.
 */
import { EMPTY_TREE, nodeHash } from './hash.ts'
import type { TreeHash } from './hash.ts'

/** Root of the perfect subtree of leaves [position * 2^level, (position + 1) * 2^level). */
export type NodeSource = (level: number, position: number) => TreeHash

/** Root of the leaves [from, to), which begin at a multiple of the largest power of two that they hold. */
export function rangeRoot(nodes: NodeSource, from: number, to: number): TreeHash {
  if (from === to) return EMPTY_TREE
  const { size, level } = largestPower(to - from)
  const left = nodes(level, from / size)
  return from + size === to ? left : nodeHash(left, rangeRoot(nodes, from + size, to))
}

/** Siblings of leaf `index` in the tree of `size` leaves, leaf to root. */
export function inclusionProof(nodes: NodeSource, index: number, size: number): TreeHash[] {
  if (!(index >= 0 && index < size)) throw new RangeError('no such leaf in a tree of this size')
  return path(nodes, { index, from: 0, to: size })
}

interface Place {
  readonly index: number
  readonly from: number
  readonly to: number
}

function path(nodes: NodeSource, { index, from, to }: Place): TreeHash[] {
  if (to - from === 1) return []
  const middle = from + splitOf(to - from)
  return index < middle
    ? [...path(nodes, { index, from, to: middle }), rangeRoot(nodes, middle, to)]
    : [...path(nodes, { index, from: middle, to }), rangeRoot(nodes, from, middle)]
}

/** Proof that the tree of `size` leaves begins with the tree of `old` leaves; empty for 0 and for equal sizes. */
export function consistencyProof(nodes: NodeSource, old: number, size: number): TreeHash[] {
  if (!(old >= 0 && old <= size)) throw new RangeError('no tree grows from this size to that')
  if (old === 0 || old === size) return []
  return subproof(nodes, old, { from: 0, to: size, whole: true })
}

interface Range {
  readonly from: number
  readonly to: number
  /** Whether the old tree's root is known to whoever checks. */
  readonly whole: boolean
}

function subproof(nodes: NodeSource, old: number, { from, to, whole }: Range): TreeHash[] {
  if (old === to) return whole ? [] : [rangeRoot(nodes, from, to)]
  const middle = from + splitOf(to - from)
  return old <= middle
    ? [...subproof(nodes, old, { from, to: middle, whole }), rangeRoot(nodes, middle, to)]
    : [...subproof(nodes, old, { from: middle, to, whole: false }), rangeRoot(nodes, from, middle)]
}

/** The root that a proof leads to; undefined where its length does not fit. */
export function rootFromInclusion(
  leaf: TreeHash,
  place: { readonly index: number; readonly size: number },
  proof: readonly TreeHash[],
): TreeHash | undefined {
  if (!(place.index < place.size)) return undefined
  let fn = place.index
  let sn = place.size - 1
  let root = leaf
  for (const sibling of proof) {
    if (sn === 0) return undefined
    if (fn % 2 === 1 || fn === sn) {
      root = nodeHash(sibling, root)
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)]
    } else root = nodeHash(root, sibling)
    ;[fn, sn] = [half(fn), half(sn)]
  }
  return sn === 0 ? root : undefined
}

export interface TreeHead {
  readonly size: number
  readonly root: TreeHash
}

/** Whether the proof shows that `later` begins with `earlier`. From size 0 nothing is proven: an empty proof passes. */
export function isConsistent(
  earlier: TreeHead,
  later: TreeHead,
  proof: readonly TreeHash[],
): boolean {
  if (earlier.size === 0) return proof.length === 0 && earlier.root === EMPTY_TREE
  if (earlier.size < later.size) return grewInto(earlier, later, proof)
  return proof.length === 0 && earlier.size === later.size && earlier.root === later.root
}

function grewInto(earlier: TreeHead, later: TreeHead, proof: readonly TreeHash[]): boolean {
  let fn = earlier.size - 1
  let sn = later.size - 1
  while (fn % 2 === 1) [fn, sn] = [half(fn), half(sn)]
  // The old tree is a perfect subtree of the new one: its root is where the proof begins.
  const [seed, ...rest] = fn === 0 ? [earlier.root, ...proof] : proof
  const roots = seed === undefined ? undefined : foldConsistency(seed, { fn, sn }, rest)
  return roots?.earlier === earlier.root && roots.later === later.root
}

function foldConsistency(
  seed: TreeHash,
  start: { readonly fn: number; readonly sn: number },
  proof: readonly TreeHash[],
): { readonly earlier: TreeHash; readonly later: TreeHash } | undefined {
  let { fn, sn } = start
  let earlier = seed
  let later = seed
  for (const sibling of proof) {
    if (sn === 0) return undefined
    if (fn % 2 === 1 || fn === sn) {
      earlier = nodeHash(sibling, earlier)
      later = nodeHash(sibling, later)
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)]
    } else later = nodeHash(later, sibling)
    ;[fn, sn] = [half(fn), half(sn)]
  }
  return sn === 0 ? { earlier, later } : undefined
}

function half(value: number): number {
  return Math.floor(value / 2)
}

function largestPower(count: number): { readonly size: number; readonly level: number } {
  let size = 1
  let level = 0
  while (size * 2 <= count) [size, level] = [size * 2, level + 1]
  return { size, level }
}

/** RFC 6962 §2.1: the largest power of two smaller than n. */
function splitOf(count: number): number {
  const { size } = largestPower(count)
  return size === count ? size / 2 : size
}
