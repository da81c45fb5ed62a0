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
  /** Of the checkpoint behind its leaves, where that is one of this chain, of this size. */
  readonly root: TreeHash | undefined
  /** Whether the chain's key signed that checkpoint, or nobody has pinned the key. Anyone can copy it: the leaves may be others. */
  readonly isSigned: boolean
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
  const { count, first, payload } = commit
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
  const whole = { ...commit, ...stands, hashes, leaves }
  if (size !== first + count) return { ...whole, root: undefined, isSigned: false }
  return { ...whole, root, isSigned: signature !== 'wrong' }
}

const NOT_WHOLE = { hashes: [], leaves: '', root: undefined, isSigned: false } as const
