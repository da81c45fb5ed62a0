/**
 * What others have seen of a chain: heads that its key signed (an earlier verification's pin, published checkpoints, notes of witnesses)
 * and leaves that receipts show. An operator who writes history anew, with every signature good, contradicts them.
 */
import type { Finding } from './finding.ts'
import type { TreeHash } from './hash.ts'

export interface KnownHead {
  readonly origin: string
  readonly size: number
  readonly root: TreeHash
  /** Who knows it, for people: `the pin`, `receipt r1.txt`. */
  readonly by: string
  /** Asked only where it contradicts the chain, since a signature costs more than all else; absent: it was verified. */
  readonly isSigned?: () => boolean
}

export interface KnownLeaf {
  readonly origin: string
  readonly index: number
  readonly hash: TreeHash
  readonly by: string
}

export interface Known {
  readonly heads: readonly KnownHead[]
  readonly leaves: readonly KnownLeaf[]
}

export const NOTHING_KNOWN: Known = { heads: [], leaves: [] }

/** What is known of one chain, compared with it as it is read. */
export class KnownOfChain {
  readonly #origin: string
  readonly #heads: readonly KnownHead[]
  /** By index; each a contradiction of its own. */
  readonly #leaves = new Map<number, KnownLeaf[]>()
  readonly #sizes: ReadonlySet<number>
  /** Up to here the tree is the one that somebody knows. */
  #good = 0
  #differs = false

  constructor(origin: string, known: Known) {
    this.#origin = origin
    this.#heads = known.heads.filter((head) => head.origin === origin)
    this.#sizes = new Set(this.#heads.map(({ size }) => size))
    for (const leaf of known.leaves) {
      if (leaf.origin !== origin) continue
      this.#leaves.set(leaf.index, [...(this.#leaves.get(leaf.index) ?? []), leaf])
    }
  }

  /** Whether somebody knows this leaf, or the tree that it completes. */
  isDue(index: number): boolean {
    return this.#sizes.has(index + 1) || this.#leaves.has(index)
  }

  /** What contradicts the leaf and the tree that ends with it. One finding for all heads: behind a change every root is another. */
  compare(index: number, hash: TreeHash, root: () => TreeHash): Finding | undefined {
    const leaf = this.#leaves.get(index)?.find((known) => known.hash !== hash)
    if (leaf !== undefined) {
      this.#differs = true
      return this.#finding(
        [index, index],
        `leaf ${index} is not the one that ${leaf.by} shows, under a good signature`,
      )
    }
    return this.#head(index + 1, root)
  }

  /** At the end of a chain that could be read: what was signed and is not there any more. */
  beyond(size: number): Finding | undefined {
    const heads = this.#heads.filter((head) => head.size > size)
    const most = heads.toSorted((left, right) => right.size - left.size).find(isSigned)
    if (most === undefined) return undefined
    const sentence = `${most.by} shows a signed tree of ${most.size} leaves, ${size} are there`
    return {
      chain: this.#origin,
      kind: 'chain-truncated',
      first: size,
      last: most.size - 1,
      sentence,
    }
  }

  /** Of a chain that nobody opened in public. */
  get any(): { readonly by: string; readonly index: number } | undefined {
    const [leaf] = [...this.#leaves.values()].flat()
    if (leaf !== undefined) return leaf
    const head = this.#heads.find(isSigned)
    return head && { by: head.by, index: Math.max(0, head.size - 1) }
  }

  #head(size: number, root: () => TreeHash): Finding | undefined {
    if (!this.#sizes.has(size)) return undefined
    const here = root()
    const wrong = this.#heads.find(
      (head) => head.size === size && head.root !== here && isSigned(head),
    )
    if (wrong === undefined) {
      this.#good = size
      return undefined
    }
    if (this.#differs) return undefined
    this.#differs = true
    const sentence = `${wrong.by} shows another signed tree of ${size} leaves: one of these is not the leaf it was`
    return this.#finding([this.#good, size - 1], sentence)
  }

  #finding([first, last]: readonly [number, number], sentence: string): Finding {
    return { chain: this.#origin, kind: 'history-rewritten', first, last, sentence }
  }
}

/** Two trees of one size under one key: the proof needs nothing but the two. */
export function forksAmong({ heads }: Known): Finding[] {
  const seen = new Map<string, KnownHead>()
  const forks: Finding[] = []
  for (const head of heads) {
    const { by, origin, root, size } = head
    const at = `${String(size)} ${origin}`
    const other = seen.get(at)
    if (other === undefined) seen.set(at, head)
    else if (other.root !== root && isSigned(other) && isSigned(head)) {
      const sentence = `${other.by} and ${by} show two signed trees of ${size} leaves with different roots`
      forks.push({ chain: origin, kind: 'fork', first: 0, last: Math.max(0, size - 1), sentence })
    }
  }
  return forks
}

function isSigned(head: KnownHead): boolean {
  return head.isSigned?.() ?? true
}
