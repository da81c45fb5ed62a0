/**
 * Of which commits a chain consists, among all that stands under its name on a log server and in whatever order: those that the chain's
 * key signed over these very leaves. Whoever may write there can put something in front of them, between them and behind them; what the
 * key did not sign accuses nobody who has it.
 *
 * A checkpoint is public, so it can stand behind leaves that are not its own. Whether it does, or proves a fork, is seen when the chain
 * has so many leaves: the key signed either this chain's root or another one. Where the chain has no commit that ends there another
 * reading tells (`claim.ts`); where it never comes so far, leaves are missing.
 */
import { RightEdge } from '../ledger/right-edge.ts'
import type { Edge } from '../ledger/tree.ts'
import { isSigned, type Candidate } from './candidate.ts'
import { claimOf, foreign, fork, isSamePlace, settled, type Claim, type Told } from './claim.ts'
import { SeenCommits } from './seen-commits.ts'

/** A gateway notices within seconds what Kafka lost of its commits, and sends it again behind the newer ones. */
const MOST_EARLY_BYTES = 256 * 1024 * 1024
/** As many as one commit has leaves at the most, and some in front of them. */
const MOST_EDGES = 5000
/** Rank of what ends in the root that its checkpoint says, beside that of a signature. */
const FITS = 2

export interface Ordered {
  /** The next commit of the chain; `isDoubtful`: its checkpoint is signed, and the leaves in front of it are not those that it covers. */
  take(commit: Candidate, isDoubtful?: true): void
  /** Of what stands there; `ends`: what is behind can't be judged. */
  tell(finding: Told, ends: boolean): void
}

interface Rival {
  readonly commit: Candidate
  readonly rank: number
}

export class CommitOrder {
  readonly #to: Ordered
  readonly #edge = new RightEdge()
  readonly #seen = new SeenCommits()
  /** Signed, and behind leaves that have not come yet; by first leaf, each once. */
  readonly #early = new Map<number, Map<string, Candidate>>()
  #earlyBytes = 0
  /** By size: checkpoints of the chain's key behind leaves that are not what they cover, for the chain has not come so far. */
  readonly #claims = new Map<number, Claim[]>()
  /** It is due, and does not fit. If nothing better comes a verifier is given it, to say what is wrong with it. */
  #rival: Rival | undefined
  /** Of a size that the chain had within a commit: another reading tells what its tree was then. */
  readonly #undecided: Claim[] = []
  /** The tree in front of the newest commits, by their first leaf. */
  readonly #edges = new Map<number, Edge>()
  readonly #mostEarlyBytes: number
  #isBroken = false

  constructor(to: Ordered, mostEarlyBytes = MOST_EARLY_BYTES) {
    this.#to = to
    this.#mostEarlyBytes = mostEarlyBytes
  }

  get undecided(): readonly Claim[] {
    return this.#undecided
  }

  /** The leaf that comes next. */
  get due(): number {
    return this.#edge.size
  }

  /** False where nothing that comes can be put in its place any more. */
  offer(commit: Candidate): boolean {
    if (this.#isOver()) return false
    if (commit.first > this.due) this.#tooEarly(commit)
    else this.#place(commit)
    this.#drain()
    if (this.#earlyBytes > this.#mostEarlyBytes) this.#giveRival()
    return !this.#isOver()
  }

  /** What is missing in front of so much does not come any more. */
  #isOver(): boolean {
    return this.#isBroken || this.#earlyBytes > this.#mostEarlyBytes
  }

  /** Nothing more comes. */
  end(): void {
    while (this.#rival !== undefined && this.#isNeeded(this.#rival)) this.#giveRival()
    if (this.#isBroken) return
    this.#forget()
    if (this.#early.size + this.#claims.size === 0) return
    // A commit begins there, or a checkpoint covers all in front.
    const next = [...this.#early.keys(), ...this.#claims.keys()].reduce((one, other) =>
      Math.min(one, other),
    )
    const sentence = 'they are not there, though the key of the chain signed leaves behind them'
    this.#to.tell({ kind: 'index-wrong', first: this.due, last: next - 1, sentence }, true)
  }

  #place(commit: Candidate): void {
    if (commit.first < this.due) {
      if (!this.#isRepeat(commit)) this.#judge(commit)
    } else if (commit.isWhole && isSigned(commit) && this.#fits(commit)) {
      this.#forget()
      this.#append(commit)
    } else {
      if (commit.size !== undefined) this.#judge(commit)
      this.#oppose(commit)
    }
  }

  #isRepeat(commit: Candidate): boolean {
    const { first, isWhole, leaves, root, size } = commit
    if (size === undefined || !isWhole || !isSigned(commit)) return false
    return this.#seen.rootAt(size) === root && this.#seen.leavesFrom(first) === leaves
  }

  /** It is not the chain's own. What did the key sign there? */
  #judge(commit: Candidate): void {
    const { first, size } = commit
    if (size === undefined) this.#foreign(commit)
    else if (size > this.due) {
      if (first < this.due && this.#contradicts(commit)) this.#to.tell(fork(commit), false)
      else this.#claim(commit, size)
    } else {
      const own = this.#seen.rootAt(size)
      if (own === undefined) this.#undecided.push(claimOf(commit))
      else this.#to.tell(settled(commit, own), false)
    }
  }

  /** It begins within the newest leaves and goes beyond them: did the key sign others in their place? */
  #contradicts(commit: Candidate): boolean {
    const edge = this.#edges.get(commit.first)
    if (edge === undefined || !isSigned(commit)) return false
    const tree = new RightEdge(edge)
    let isOther = false
    for (const hash of commit.hashes) {
      tree.push(hash)
      if (tree.size === this.due) isOther = tree.root() !== this.#edge.root()
    }
    return isOther && tree.root() === commit.root
  }

  #tooEarly(commit: Candidate): void {
    if (!isSigned(commit)) {
      this.#judge(commit)
      return
    }
    const there = this.#early.get(commit.first) ?? new Map<string, Candidate>()
    const what = `${commit.leaves}${commit.root ?? ''}`
    if (there.has(what)) return
    // Of its own: a slice would hold all that came with it.
    const payload = Buffer.from(commit.payload)
    this.#early.set(commit.first, there.set(what, { ...commit, payload }))
    this.#earlyBytes += payload.length
  }

  /** Those whose turn has come. */
  #drain(): void {
    while (this.#early.has(this.due)) this.#release(this.due)
  }

  #release(first: number): void {
    const waiting = this.#early.get(first)
    this.#early.delete(first)
    for (const commit of waiting?.values() ?? []) {
      this.#earlyBytes -= commit.payload.length
      this.#place(commit)
    }
  }

  #fits(commit: Candidate): boolean {
    return commit.hashes.length > 0 && endsIn(this.#edge.edge(), commit)
  }

  #append(commit: Candidate): void {
    this.#edges.set(commit.first, this.#edge.edge())
    if (this.#edges.size > MOST_EDGES) this.#edges.delete(this.#edges.keys().next().value ?? 0)
    this.#to.take(commit)
    for (const hash of commit.hashes) {
      this.#edge.push(hash)
      this.#settle(this.due)
    }
    this.#seen.add(this.due, commit.leaves, this.#edge.root())
    // What began within it never has its turn.
    for (let at = commit.first + 1; at < this.due && this.#early.size > 0; at += 1)
      this.#release(at)
  }

  #claim(commit: Candidate, size: number): void {
    const there = this.#claims.get(size)
    if (there === undefined) this.#claims.set(size, [claimOf(commit)])
    else if (there[0]?.root === commit.root) there.push(claimOf(commit))
    else this.#to.tell(fork(commit), false)
  }

  /** The chain has so many leaves now: what its key signed of them is known. */
  #settle(size: number): void {
    const claims = this.#claims.get(size)
    if (claims === undefined) return
    this.#claims.delete(size)
    const root = this.#edge.root()
    for (const claim of claims) this.#to.tell(settled(claim, root), false)
  }

  #oppose(commit: Candidate): void {
    const rank = this.#rank(commit)
    if (this.#rival === undefined || rank > this.#rival.rank) {
      this.#forget()
      this.#rival = { commit, rank }
    } else this.#tellUnsigned(commit)
  }

  /** How much speaks for its being the chain's own commit, damaged. */
  #rank(commit: Candidate): number {
    return (this.#fits(commit) ? FITS : 0) + (isSigned(commit) ? 1 : 0)
  }

  /** The key signed these very leaves, or others in their place and a chain that is longer than what is there without them. */
  #isNeeded({ commit, rank }: Rival): boolean {
    if (rank > FITS || this.#isConfirmed(commit)) return true
    if (!isSigned(commit)) return false
    if (this.#early.size > 0) return true
    return [...this.#claims.values()].flat().some((claim) => !isSamePlace(claim, commit))
  }

  /** Without a signature of its own: the key signed a later tree that begins with these very leaves. */
  #isConfirmed({ count, first, hashes }: Candidate): boolean {
    if (hashes.length === 0) return false
    const tree = new RightEdge(this.#edge.edge())
    for (const hash of hashes) tree.push(hash)
    const [end, root] = [first + count, tree.root()]
    if (this.#claims.get(end)?.some((claim) => claim.root === root) === true) return true
    const next = [...(this.#early.get(end)?.values() ?? [])]
    return next.some((behind) => endsIn(tree.edge(), behind))
  }

  #forget(): void {
    const commit = this.#rival?.commit
    this.#rival = undefined
    if (commit !== undefined) this.#tellUnsigned(commit)
  }

  /** What was signed is judged already. */
  #tellUnsigned(commit: Candidate): void {
    if (commit.size === undefined) this.#foreign(commit)
  }

  #giveRival(): void {
    const rival = this.#rival
    if (rival === undefined) return
    if (!this.#isNeeded(rival)) {
      this.#forget()
      return
    }
    const isItsOwn = rival.rank > FITS || this.#isConfirmed(rival.commit)
    this.#rival = undefined
    this.#withdraw(rival.commit)
    if (isItsOwn) {
      this.#append(rival.commit)
      this.#drain()
      return
    }
    this.#isBroken = true
    this.#to.take(rival.commit, true)
  }

  #withdraw(commit: Candidate): void {
    const size = commit.size ?? -1
    const left = this.#claims.get(size)?.filter((claim) => !isSamePlace(claim, commit)) ?? []
    if (left.length > 0) this.#claims.set(size, left)
    else this.#claims.delete(size)
  }

  #foreign(commit: Candidate): void {
    this.#to.tell(foreign(commit), false)
  }
}

/** Behind such a tree its leaves make the root that its checkpoint says. */
function endsIn(before: Edge, { hashes, root }: Candidate): boolean {
  const tree = new RightEdge(before)
  for (const hash of hashes) tree.push(hash)
  return tree.root() === root
}
