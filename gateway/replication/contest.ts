/**
 * Commits that begin at the same leaf with different bytes: whoever may write to the log server can put something there before the chain's
 * own commit comes. The own one is the one whose checkpoint the chain's key signed, over these very leaves: checkpoints are public, so a
 * signature alone could have been copied.
 */
import { checkEntry } from '../ledger/check-entry.ts'
import type { TreeHash } from '../ledger/hash.ts'
import { parseCheckpoint, parseNote } from '../ledger/note.ts'
import { Growth, type Edge } from '../ledger/tree.ts'
import type { Commit } from '../ports/chain-journal.ts'
import { signedLeaves } from './signed-leaves.ts'
import type { ReadCommit } from './turn-of-commits.ts'

/** Whether a commit carries a checkpoint over it by the chain's own key. */
export type IsSigned = (commit: Commit) => boolean

export interface Other {
  readonly first: number
  readonly count: number
  readonly offset: number
  /** What the chain's key says of the chain that ends with this commit; undefined where it did not sign it. */
  readonly claim: Claim | undefined
}

export interface Claim {
  readonly size: number
  /** Undefined where nobody has pinned the key, and there is no checkpoint. */
  readonly root: TreeHash | undefined
}

interface Judged {
  /** The key signed these very leaves, and these records, behind the ones before; the key signed something; neither. */
  readonly rank: 2 | 1 | 0
  /** Of the chain with this commit; undefined where what is before it is not known, or it is not what was signed. */
  readonly root: TreeHash | undefined
}

/** One after the other, since each may be large and an attacker says how many there are. */
export class Contest {
  readonly #before: Edge | undefined
  readonly #isSigned: IsSigned
  #own: ReadCommit
  #judged: Judged
  readonly #others: { readonly other: Other; readonly judged: Judged }[] = []

  /** `before`: the tree of all leaves before; undefined where they can't be read. */
  constructor(one: ReadCommit, before: Edge | undefined, isSigned: IsSigned) {
    this.#before = before
    this.#isSigned = isSigned
    this.#own = one
    this.#judged = this.#judge(one)
  }

  add(commit: ReadCommit): void {
    const judged = this.#judge(commit)
    const isOwn = this.#isBetter(commit, judged)
    const [lost, judgedLost] = isOwn ? [this.#own, this.#judged] : [commit, judged]
    this.#others.push({ other: otherOf(lost, this.#isSigned), judged: judgedLost })
    if (!isOwn) return
    this.#own = commit
    this.#judged = judged
  }

  get own(): ReadCommit {
    return this.#own
  }

  /** Without those that hold the very leaves of the own one. */
  others(): readonly Other[] {
    return this.#others
      .filter(({ judged }) => !isSame(judged, this.#judged))
      .map(({ other }) => other)
  }

  #judge(commit: ReadCommit): Judged {
    const claim = claimOf(commit, this.#isSigned)
    if (claim === undefined) return { rank: 0, root: undefined }
    const leaves = leavesOf(commit)
    if (leaves === undefined || this.#before === undefined) return { rank: 1, root: undefined }
    const { root } = new Growth(this.#before, leaves)
    return { rank: claim.root === root ? 2 : 1, root }
  }

  /** Of two that hold the same leaves the one that still has its records. */
  #isBetter({ payload }: Commit, judged: Judged): boolean {
    if (judged.rank !== this.#judged.rank) return judged.rank > this.#judged.rank
    return isSame(judged, this.#judged) && payload.length > this.#own.payload.length
  }
}

export function otherOf(commit: ReadCommit, isSigned: IsSigned): Other {
  const { count, first, offset } = commit
  return { first, count, offset, claim: claimOf(commit, isSigned) }
}

/** Undefined where the chain's key did not sign it. */
export function claimOf(commit: Commit, isSigned: IsSigned): Claim | undefined {
  if (!isSigned(commit)) return undefined
  const note = parseNote(signedLeaves(commit)?.note ?? '')
  return {
    size: commit.first + commit.count,
    root: parseCheckpoint(note?.text ?? '')?.root,
  }
}

/** Undefined where one of them is no leaf, or not over the record beside it. */
function leavesOf({ count, payload }: Commit): readonly TreeHash[] | undefined {
  const hashes: TreeHash[] = []
  let at = 0
  for (let entry = 0; entry < count; entry += 1) {
    const checked = checkEntry(payload, at, payload.length)
    if ('fault' in checked) return undefined
    hashes.push(checked.hash)
    at = checked.place.end
  }
  return hashes
}

/** The same leaves under a signature: once more, or without the records that were pruned in between. */
function isSame(one: Judged, other: Judged): boolean {
  return one.rank === 2 && other.rank === 2 && one.root === other.root
}
