/**
 * One chain, in the order of its leaves: indices, tree, checkpoints, time, seal and pairs, and whether it is the chain that others saw
 * (`known-heads.ts`). Fed with chunks that were examined; where it says that something is broken, what follows can't be judged.
 */
import type { Carried, Part } from './chunk.ts'
import type { LeafKind } from './entry.ts'
import type { Examined, Half } from './examine.ts'
import { Cursor, type Told } from './examined-cursor.ts'
import type { Counts, Finding, FindingKind } from './finding.ts'
import { accuses } from './finding-words.ts'
import type { TreeHash } from './hash.ts'
import type { KnownOfChain } from './known-heads.ts'
import type { Pairing } from './pairing.ts'
import { RightEdge } from './right-edge.ts'
import type { Edge } from './tree.ts'

export interface ChainCheckOptions {
  readonly origin: string
  /** Whether a key is pinned for it; where none is, that is a finding. */
  readonly hasKey: boolean
  /** How far an earlier verification came; absent: from leaf 0. */
  readonly start?: ChainState | undefined
  readonly known: KnownOfChain
  readonly pairing: Pairing
  readonly counts: Counts
  readonly report: (finding: Finding) => void
  /** Each leaf that chains say of one another. */
  readonly visit: (kind: LeafKind, record: string, index: number) => void
  readonly onRoot: (size: number, root: TreeHash) => void
  /** `onRoot` is told of every size: where somebody may have joined commits, what was signed may be none of those that are read. */
  readonly everyRoot?: boolean | undefined
}

/** What must be known of the leaves before. */
export interface ChainState {
  readonly edge: Edge
  readonly sealed: boolean
  /** The latest time of a leaf. */
  readonly latest: number
}

/** Records are made shortly before they are queued, so neighbours may stand in the other order, by no more than this. */
const DISORDER_MS = 10_000

const NOT_OF_ITS_LEAVES = 'the checkpoint after it has another size or root than its leaves'

export class ChainCheck {
  readonly #options: ChainCheckOptions
  readonly #edge: RightEdge
  readonly #from: number
  #sealed: boolean
  #latest: number
  /** Leaves that no checkpoint covers yet. */
  #unsigned = 0
  #reached = 0
  /** Whether a checkpoint has fitted. */
  #seen = false

  constructor(options: ChainCheckOptions) {
    const { hasKey, origin, report, start } = options
    this.#options = options
    this.#edge = new RightEdge(start?.edge)
    this.#from = this.#edge.size
    this.#sealed = start?.sealed ?? false
    this.#latest = start?.latest ?? 0
    if (hasKey) return
    const sentence = 'no pinned key is for this chain: its checkpoints prove nothing'
    report({ chain: origin, kind: 'key-unknown', sentence })
  }

  get state(): ChainState {
    return { edge: this.#edge.edge(), sealed: this.#sealed, latest: this.#latest }
  }

  /** How many leaves were given, those of an earlier verification included. */
  get reached(): number {
    return this.#reached
  }

  /** How many of the newest leaves no checkpoint covers. */
  get unsigned(): number {
    return this.#unsigned
  }

  /** False where nothing that follows in this chain can be judged. */
  take(parts: readonly Part[], examined: Examined): boolean {
    const cursor = new Cursor(examined)
    for (const [at, part] of parts.entries()) {
      if (part.type === 'damage') {
        this.#options.report(part.finding)
        if (part.ends) return false
      } else if (!this.#part(part, at, cursor)) return false
    }
    return true
  }

  #part(part: Carried, at: number, cursor: Cursor): boolean {
    this.#reached = Math.max(this.#reached, part.first + part.count)
    const misplaced = this.#misplaced(part)
    if (misplaced !== undefined) return this.#broken(part, misplaced)
    if (part.isDoubtful === true) return this.#doubtful(part, cursor.found(at))
    const leaf = cursor.leaf
    cursor.leaf += part.count
    const found = this.#told(part, at, { cursor, leaf })
    for (const finding of found) this.#report(part, { ...finding, ...rangeOf(finding, part) })
    if (found.some(({ ends }) => ends)) return false
    for (const { index, kind, record } of cursor.visited(at))
      this.#options.visit(kind, record, index)
    const fork = this.#grow(part, leaf, cursor)
    if (fork !== undefined) this.#options.report(fork)
    if (part.type === 'leaves') return true
    return this.#checkpoint(part, cursor)
  }

  #doubtful(part: Carried, found: readonly Told[]): false {
    for (const finding of found) {
      if (!accuses(finding.kind)) this.#report(part, { ...finding, ...rangeOf(finding, part) })
    }
    const last = part.first + Math.max(1, part.count) - 1
    const sentence = NOT_OF_ITS_LEAVES
    this.#report(part, { kind: 'checkpoint-wrong', index: part.first, last, sentence })
    return false
  }

  /** Leaves that were judged earlier may come once more, in front. */
  #misplaced({ count, first, type }: Carried): string | undefined {
    const { size } = this.#edge
    const isAgain = size === this.#from && first <= size
    if (type === 'checkpoint') {
      return first === size || isAgain ? undefined : 'a checkpoint stands where none is due'
    }
    if (count === 0) return 'it holds no leaf'
    return first === size || isAgain
      ? undefined
      : `it begins with leaf ${first} where leaf ${size} is due`
  }

  /** What is wrong with the leaves of a part, in their order. */
  #told(
    part: Carried,
    at: number,
    { cursor, leaf }: { readonly cursor: Cursor; readonly leaf: number },
  ): Told[] {
    const told: Told[] = cursor.found(at)
    const say: Say = (index, kind, sentence) => {
      told.push({ index, kind, sentence, ends: false })
    }
    const last = told.find(({ ends }) => ends)?.index ?? part.first + part.count
    for (let index = Math.max(part.first, this.#from); index < last; index += 1) {
      this.#seal(index, cursor.isSeal(index), say)
      this.#time(index, cursor.examined.times[leaf + index - part.first] ?? Number.NaN, say)
    }
    for (const half of cursor.pairs(at)) {
      const wrong = this.#pair(half)
      if (wrong !== undefined) say(half.index, 'outcome-wrong', wrong)
    }
    return told.sort((left, right) => left.index - right.index)
  }

  #seal(index: number, isSeal: boolean, say: Say): void {
    if (this.#sealed) say(index, 'kind-wrong', 'it stands behind the seal of its chain')
    this.#sealed ||= isSeal
  }

  /** NaN is neither older nor later than anything. */
  #time(index: number, at: number, say: Say): void {
    if (at + DISORDER_MS < this.#latest) {
      say(index, 'time-backwards', 'it is older than a leaf before it')
    }
    if (at > this.#latest) this.#latest = at
  }

  #pair({ at, index, intent, outcome }: Half): string | undefined {
    const { origin, pairing } = this.#options
    if (intent !== undefined) pairing.intent(origin, index, intent)
    return outcome === undefined ? undefined : pairing.outcome(origin, at, outcome)
  }

  /** Leaf by leaf, so that the tree is seen at every size that somebody knows. */
  #grow(part: Carried, leaf: number, { examined }: Cursor): Finding | undefined {
    const { counts, everyRoot, known, onRoot } = this.#options
    const hashes = Buffer.from(
      examined.hashes.buffer,
      examined.hashes.byteOffset,
      examined.hashes.byteLength,
    )
    const before = this.#edge.size
    let differs: Finding | undefined
    for (let index = before; index < part.first + part.count; index += 1) {
      const at = (leaf + index - part.first) * 32
      const hash = hashes.toString('latin1', at, at + 32)
      this.#edge.push(hash)
      if (everyRoot === true) onRoot(index + 1, this.#edge.root())
      if (!known.isDue(index)) continue
      differs ??= known.compare(index, hash, () => this.#edge.root())
    }
    counts.leaves += this.#edge.size - before
    this.#unsigned += this.#edge.size - before
    return differs
  }

  #checkpoint(part: Carried, cursor: Cursor): boolean {
    const { counts, hasKey, onRoot } = this.#options
    const { root, signature, size } = cursor.checkpoint()
    // Older than where an earlier verification ended.
    if (part.first + part.count < this.#edge.size) return true
    const here = this.#edge.root()
    const index = Math.max(0, this.#edge.size - 1)
    if (size !== this.#edge.size || root !== here) {
      // One of the leaves since the last checkpoint that fitted is not what was signed.
      const first = Math.max(0, Math.min(this.#edge.size - this.#unsigned, index))
      this.#report(part, { index: first, last: index, ...this.#notOurs(size) })
      return false
    }
    counts.checkpoints += 1
    if (hasKey && signature === 'wrong') {
      const sentence = 'the checkpoint after it is not signed by the key of this chain'
      this.#report(part, { index, kind: 'signature-wrong', sentence })
    }
    if (signature === 'good') counts.signatures += 1
    this.#unsigned = 0
    this.#seen = true
    onRoot(this.#edge.size, here)
    return true
  }

  #notOurs(size: number | undefined): { readonly kind: FindingKind; readonly sentence: string } {
    if (size !== undefined && this.#from > 0 && !this.#seen) {
      const sentence = `what it signs does not begin with the ${this.#from} leaves that were verified earlier`
      return { kind: 'history-rewritten', sentence }
    }
    return { kind: 'checkpoint-wrong', sentence: NOT_OF_ITS_LEAVES }
  }

  #broken(part: Carried, sentence: string): false {
    const index = Math.min(part.first, this.#edge.size)
    this.#report(part, { kind: 'index-wrong', index, sentence })
    return false
  }

  #report(
    { offset, segment }: Carried,
    { index, kind, last = index, sentence }: Omit<Told, 'ends'> & { readonly last?: number },
  ): void {
    const where = segment === undefined || offset === undefined ? {} : { segment, offset }
    const chain = this.#options.origin
    this.#options.report({ chain, kind, first: index, last, ...where, sentence })
  }
}

/** Where an entry is not whole, it or the one before has another length than it had. */
function rangeOf({ index, kind }: Told, { first }: Carried): { index: number; last: number } {
  const begins = kind === 'frame-damaged' ? Math.max(first, index - 1) : index
  return { index: begins, last: index }
}

type Say = (index: number, kind: FindingKind, sentence: string) => void
