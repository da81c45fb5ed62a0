/** What stands under a chain's name on a log server, before it is known whether it belongs there. All of it is attacker-controlled. */
import { hash } from 'node:crypto'
import { checkEntry } from '../ledger/check-entry.ts'
import { examineNote } from '../ledger/examine-note.ts'
import type { TreeHash } from '../ledger/hash.ts'
import type { NoteKey } from '../ledger/note.ts'
import type { Commit } from '../ports/chain-journal.ts'

export interface Candidate extends Commit {
  readonly partition: number
  readonly offset: number
  /** Of its entries; empty where one is not a whole leaf with the record that it names, or with none. */
  readonly hashes: readonly TreeHash[]
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
  let at = 0
  while (hashes.length < count) {
    const entry = checkEntry(payload, at, payload.length)
    if ('fault' in entry) return { ...commit, ...stands, ...NOT_WHOLE }
    hashes.push(entry.hash)
    at = entry.place.end
  }
  const leaves = hash('sha256', Buffer.from(hashes.join(''), 'latin1'), 'binary')
  const { root, signature, size } = examineNote(payload.toString('utf8', at), chain)
  const signed = signature === 'wrong' ? undefined : size
  return { ...commit, ...stands, hashes, leaves, size: signed, root }
}

/** Whether the key signed a checkpoint for a chain that ends with it. */
export function isSigned({ count, first, size }: Candidate): boolean {
  return size === first + count
}

const NOT_WHOLE = { hashes: [], leaves: '', size: undefined, root: undefined } as const
