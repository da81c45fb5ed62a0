/**
 * The verifier's own tree (RFC 6962 §2.1), leaf by leaf: the writer's `Growth` computes the same roots another way, so that one mistake
 * is not made twice. Sizes never meet a bit operator: exact up to 2^53.
 */
import { EMPTY_TREE, nodeHash } from './hash.ts'
import type { TreeHash } from './hash.ts'
import type { Edge } from './tree.ts'

export class RightEdge {
  #size: number
  /** By level: root of the perfect subtree of 2^level leaves, where `size` has that bit. */
  readonly #peaks: (TreeHash | undefined)[]

  constructor({ peaks, size }: Edge = { size: 0, peaks: [] }) {
    this.#size = size
    this.#peaks = [...peaks]
  }

  get size(): number {
    return this.#size
  }

  push(leaf: TreeHash): void {
    let node = leaf
    let level = 0
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) {
      node = nodeHash(this.#peaks[level] ?? '', node)
      this.#peaks[level] = undefined
      level += 1
    }
    this.#peaks[level] = node
    this.#size += 1
  }

  root(): TreeHash {
    let root: TreeHash | undefined
    for (const peak of this.#peaks) {
      if (peak === undefined) continue
      root = root === undefined ? peak : nodeHash(peak, root)
    }
    return root ?? EMPTY_TREE
  }

  edge(): Edge {
    return { size: this.#size, peaks: [...this.#peaks] }
  }
}
