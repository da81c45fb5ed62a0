/**
 * An RFC 6962 tree that grows by batches. In memory stands its right edge only: the roots of the perfect subtrees
 * that its size is made of. Positions are plain numbers up to 2^53 and never meet a bit operator, which would cut
 * them to 32 bits.
 */
import { EMPTY_TREE, base64OfTreeHash, nodeHash } from './hash.ts'
import type { TreeHash } from './hash.ts'

export interface Edge {
  readonly size: number
  /** By level: root of the perfect subtree of 2^level leaves, where `size` has that bit. */
  readonly peaks: readonly (TreeHash | undefined)[]
}

export const EMPTY_EDGE: Edge = { size: 0, peaks: [] }

export function rootOf(edge: Edge): TreeHash {
  let root: TreeHash | undefined
  for (const peak of edge.peaks) {
    if (peak === undefined) continue
    root = root === undefined ? peak : nodeHash(peak, root)
  }
  return root ?? EMPTY_TREE
}

/** The nodes of one level that a batch has made or needs, from position `base` on. */
interface Layer {
  readonly base: number
  readonly nodes: readonly TreeHash[]
  /** For each node, once asked for: the proof lines from it up to the root. */
  readonly lines: (string | undefined)[]
}

/** The tree after a batch: everything that proofs of the batch's own leaves need, so that none is computed again. */
export class Growth {
  readonly first: number
  readonly size: number
  readonly root: TreeHash
  readonly edge: Edge
  readonly #layers: readonly Layer[]

  /** `leaves` are leaf hashes, at least one. */
  constructor(before: Edge, leaves: readonly TreeHash[]) {
    this.first = before.size
    this.size = before.size + leaves.length
    if (leaves.length === 0 || !Number.isSafeInteger(this.size)) {
      throw new RangeError('a tree grows by at least one leaf, to at most 2^53 - 1')
    }
    this.#layers = layersOf(before, leaves)
    this.root = this.#layers.at(-1)?.nodes[0] ?? EMPTY_TREE
    this.edge = { size: this.size, peaks: this.#peaks(before) }
  }

  /** Siblings of a leaf of this batch, leaf to root: base64, each on a line of its own. */
  proofLines(index: number): string {
    return this.#linesFrom(0, index)
  }

  #linesFrom(level: number, position: number): string {
    const layer = this.#layers[level]
    const at = position - (layer?.base ?? 0)
    if (layer === undefined || at < 0 || at >= layer.nodes.length) {
      throw new RangeError('the leaf is not one of this batch')
    }
    if (level === this.#layers.length - 1) return ''
    const kept = layer.lines[at]
    if (kept !== undefined) return kept
    const sibling = layer.nodes[position % 2 === 1 ? at - 1 : at + 1]
    const own = sibling === undefined ? '' : `${base64OfTreeHash(sibling)}\n`
    const lines = own + this.#linesFrom(level + 1, Math.floor(position / 2))
    layer.lines[at] = lines
    return lines
  }

  #peaks(before: Edge): (TreeHash | undefined)[] {
    const peaks: (TreeHash | undefined)[] = []
    let rest = this.size
    for (let level = 0; rest > 0; level += 1) {
      const layer = this.#layers[level]
      const isPeak = rest % 2 === 1
      peaks.push(isPeak ? (layer?.nodes[rest - 1 - layer.base] ?? before.peaks[level]) : undefined)
      rest = Math.floor(rest / 2)
    }
    return peaks
  }
}

/** Every level from the leaves to the root, each as far left as the batch reaches. */
function layersOf(before: Edge, leaves: readonly TreeHash[]): Layer[] {
  const layers: Layer[] = []
  let nodes = withLeftNeighbour(before, 0, before.size, leaves)
  let base = before.size - (before.size % 2)
  let last = before.size + leaves.length - 1
  let firstNew = before.size
  for (let level = 0; ; level += 1) {
    layers.push({ base, nodes, lines: [] })
    if (last === 0) return layers
    const parents = parentsOf(nodes)
    firstNew = Math.floor(firstNew / 2)
    last = Math.floor(last / 2)
    nodes = withLeftNeighbour(before, level + 1, firstNew, parents)
    base = firstNew - (firstNew % 2)
  }
}

/** A right child in front needs the perfect subtree to its left, which is a peak of the tree before. */
function withLeftNeighbour(
  before: Edge,
  level: number,
  firstNew: number,
  nodes: readonly TreeHash[],
): readonly TreeHash[] {
  if (firstNew % 2 === 0) return nodes
  const peak = before.peaks[level]
  if (peak === undefined) throw new RangeError('the edge does not fit its size')
  return [peak, ...nodes]
}

/** A last node without a sibling moves up as it is (RFC 6962 §2.1: k is the largest power of two below n). */
function parentsOf(nodes: readonly TreeHash[]): TreeHash[] {
  const parents: TreeHash[] = []
  for (let at = 0; at < nodes.length; at += 2) {
    const left = nodes[at] ?? ''
    const right = nodes[at + 1]
    parents.push(right === undefined ? left : nodeHash(left, right))
  }
  return parents
}
