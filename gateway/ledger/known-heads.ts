/**
 * What others have seen of a chain: heads that its key signed (an earlier verification's pin, published checkpoints, notes of witnesses)
 * and leaves that receipts show. An operator who writes history anew, with every signature good, contradicts them.
 */
import type { Finding, FindingKind } from './finding.ts'
import type { TreeHash } from './hash.ts'
import type { HeadList, KnownHead } from './head-list.ts'

export interface KnownLeaf {
  readonly origin: string
  readonly index: number
  readonly hash: TreeHash
  readonly by: string
}

export interface Known {
  readonly heads: readonly KnownHead[]
  readonly leaves: readonly KnownLeaf[]
  /** By origin: heads by the million. */
  readonly lists: readonly (readonly [string, HeadList])[]
}

/** What is known of one chain, compared with it as it is read. There may be a head for each second of it. */
export class KnownOfChain {
  readonly #origin: string
  readonly #heads = new Map<number, KnownHead[]>()
  readonly #lists: HeadList[] = []
  /** By index; each a contradiction of its own. */
  readonly #leaves = new Map<number, KnownLeaf[]>()
  /** Up to here the tree is the one that somebody knows. */
  #good = 0
  #differs = false

  constructor(origin: string) {
    this.#origin = origin
  }

  addHead(head: KnownHead): void {
    const known = this.#heads.get(head.size)
    if (known === undefined) this.#heads.set(head.size, [head])
    else known.push(head)
  }

  addList(list: HeadList): void {
    this.#lists.push(list)
  }

  addLeaf(leaf: KnownLeaf): void {
    this.#leaves.set(leaf.index, [...(this.#leaves.get(leaf.index) ?? []), leaf])
  }

  /** Whether somebody knows this leaf, or the tree that it completes. */
  isDue(index: number): boolean {
    const size = index + 1
    if (this.#heads.has(size) || this.#leaves.has(index)) return true
    for (const list of this.#lists) if (list.has(size)) return true
    return false
  }

  /** What contradicts the leaf and the tree that ends with it. One finding for all heads: behind a change every root is another. */
  compare(index: number, hash: TreeHash, root: () => TreeHash): Finding | undefined {
    const leaf = this.#leaves.get(index)?.find((known) => known.hash !== hash)
    if (leaf !== undefined) {
      this.#differs = true
      const sentence = `leaf ${index} is not the one that ${leaf.by} shows, under a good signature`
      return this.#finding('history-rewritten', [index, index], sentence)
    }
    return this.#head(index + 1, root)
  }

  /** At the end of a chain that could be read: what was signed and is not there any more. */
  beyond(size: number): Finding | undefined {
    const few = this.#few().sort((one, other) => other.size - one.size)
    const beyond = [
      few.filter((head) => head.size > size),
      ...this.#lists.map((list) => list.downwards(size)),
    ]
    const [most] = firstSigned(beyond).sort((one, other) => other.size - one.size)
    if (most === undefined) return undefined
    const sentence = `${most.by} shows a signed tree of ${most.size} leaves, ${size} are there`
    const range = [size, most.size - 1] as const
    return { ...this.#finding('chain-truncated', range, sentence), isAtEnd: true }
  }

  /** Leaves that somebody says there are: no signature is looked at. */
  get size(): number {
    const few = this.#few().map(({ size }) => size)
    return Math.max(0, ...few, ...this.#lists.map((list) => list.largest))
  }

  /** Of a chain that nobody opened in public. */
  get any(): { readonly by: string; readonly index: number } | undefined {
    const [leaf] = [...this.#leaves.values()].flat()
    if (leaf !== undefined) return leaf
    const [head] = firstSigned([this.#few(), ...this.#lists.map((list) => list.downwards(-1))])
    return head && { by: head.by, index: Math.max(0, head.size - 1) }
  }

  /** Two trees of one size under one key: the proof needs nothing but the two. */
  *forks(): Generator<Finding, void> {
    const sizes = new Set(this.#heads.keys())
    for (const list of this.#lists) for (const size of list.sizesWithSeveral()) sizes.add(size)
    for (const size of sizes) {
      const heads = this.#of(size)
      if (heads.every(({ root }) => root === heads[0]?.root)) continue
      // Whatever stands beside them unsigned.
      const one = heads.find(isSigned)
      const other = heads.find((head) => head.root !== one?.root && isSigned(head))
      if (one === undefined || other === undefined) continue
      const sentence = `${one.by} and ${other.by} show two signed trees of ${size} leaves with different roots`
      yield this.#finding('fork', [0, Math.max(0, size - 1)], sentence)
    }
  }

  #few(): KnownHead[] {
    return [...this.#heads.values()].flat()
  }

  #of(size: number): KnownHead[] {
    const few = this.#heads.get(size) ?? []
    return [...few, ...this.#lists.flatMap((list) => list.of(size))]
  }

  #head(size: number, root: () => TreeHash): Finding | undefined {
    const known = this.#differs ? [] : this.#of(size)
    if (known.length === 0) return undefined
    const here = root()
    const wrong = known.find((head) => head.root !== here && isSigned(head))
    if (wrong === undefined) {
      this.#good = size
      return undefined
    }
    this.#differs = true
    const sentence = `${wrong.by} shows another signed tree of ${size} leaves: one of these is not the leaf it was`
    return this.#finding('history-rewritten', [this.#good, size - 1], sentence)
  }

  #finding(kind: FindingKind, [first, last]: readonly [number, number], sentence: string): Finding {
    return { chain: this.#origin, kind, first, last, sentence }
  }
}

/** By origin. */
export function knownByChain({ heads, leaves, lists }: Known): Map<string, KnownOfChain> {
  const chains = new Map<string, KnownOfChain>()
  const of = (origin: string): KnownOfChain => {
    const known = chains.get(origin) ?? new KnownOfChain(origin)
    chains.set(origin, known)
    return known
  }
  for (const head of heads) of(head.origin).addHead(head)
  for (const leaf of leaves) of(leaf.origin).addLeaf(leaf)
  for (const [origin, list] of lists) of(origin).addList(list)
  return chains
}

/** Of each series the first, in the order in which they are asked. */
function firstSigned(series: readonly Iterable<KnownHead>[]): KnownHead[] {
  return series.map(firstIn).filter((head) => head !== undefined)
}

function firstIn(heads: Iterable<KnownHead>): KnownHead | undefined {
  for (const head of heads) if (isSigned(head)) return head
  return undefined
}

function isSigned(head: KnownHead): boolean {
  return head.isSigned?.() ?? true
}
