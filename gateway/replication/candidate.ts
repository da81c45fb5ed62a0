/** What stands under a chain's name on a log server, before it is known whether it belongs there. All of it is attacker-controlled. */
import { hash } from 'node:crypto'
import { checkEntry } from '../ledger/check-entry.ts'
import { placeOf } from '../ledger/entry-bytes.ts'
import { examineNote } from '../ledger/examine-note.ts'
import { leafHash, type TreeHash } from '../ledger/hash.ts'
import type { NoteKey } from '../ledger/note.ts'
import type { Commit } from '../ports/chain-journal.ts'
import { signedRoot } from './fork-proof.ts'

export interface Candidate extends Commit {
  readonly partition: number
  readonly offset: number
  /** Of its entries; empty where it is not made of so many. */
  readonly hashes: readonly TreeHash[]
  /** Each leaf is one, with the record that it names or with none, and the checkpoint has the form that a log writes. */
  readonly isWhole: boolean
  /** SHA-256 over the hashes: the same leaves, whatever records and signatures stand beside them. */
  readonly leaves: TreeHash
  /**
   * That the checkpoint behind its leaves is of, where the chain's key signed it, or nobody has pinned the key. Anyone can copy it: the
   * leaves may be others.
   */
  readonly size: number | undefined
  /** Of that checkpoint, signed or not. */
  readonly root: TreeHash | undefined
}

export interface WhoseChain {
  readonly origin: string
  readonly key: NoteKey | undefined
}

export function candidateOf(
  commit: Commit,
  stands: Pick<Candidate, 'partition' | 'offset'>,
  chain: WhoseChain,
): Candidate {
  const { count, payload } = commit
  const hashes: TreeHash[] = []
  let isWhole = true
  let at = 0
  while (hashes.length < count) {
    const entry = entryAt(payload, at)
    if (entry === undefined) return { ...commit, ...stands, ...NO_ENTRIES }
    hashes.push(entry.hash)
    isWhole &&= entry.isWhole
    at = entry.end
  }
  const leaves = hash('sha256', Buffer.from(hashes.join(''), 'latin1'), 'binary')
  const checkpoint = checkpointIn(payload.toString('utf8', at), chain)
  return {
    ...{ ...commit, ...stands, hashes, leaves, ...checkpoint },
    isWhole: isWhole && checkpoint.isWhole,
  }
}

const NO_ENTRIES = {
  ...{ hashes: [], leaves: '', isWhole: false },
  ...{ size: undefined, root: undefined },
} as const

/** The tree is over the bytes of a leaf, whatever they say. */
function entryAt(
  payload: Buffer,
  at: number,
): { readonly hash: TreeHash; readonly end: number; readonly isWhole: boolean } | undefined {
  const entry = checkEntry(payload, at, payload.length)
  if (!('fault' in entry)) return { hash: entry.hash, end: entry.place.end, isWhole: true }
  const place = placeOf(payload, at, payload.length, 'may lack its record')
  if (place === undefined) return undefined
  const { end, hashedAt } = place
  return { hash: leafHash(payload.subarray(hashedAt, end)), end, isWhole: false }
}

/** What the key signed counts against it, in whatever form; a log of ours writes one form only. */
function checkpointIn(
  note: string,
  { key, origin }: WhoseChain,
): Pick<Candidate, 'size' | 'root' | 'isWhole'> {
  const { root, signature, size } = examineNote(note, { key, origin })
  if (signature !== 'wrong') return { size, root, isWhole: true }
  const signed = key && signedRoot(note, origin, key.publicKey)
  if (signed === undefined) return { size: undefined, root, isWhole: true }
  return { size: signed.size, root: signed.root, isWhole: false }
}

/** Whether the key signed a checkpoint for a chain that ends with it. */
export function isSigned({ count, first, size }: Candidate): boolean {
  return size === first + count
}
