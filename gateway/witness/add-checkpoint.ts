/**
 * `add-checkpoint` of C2SP tlog-witness, judged: what was sent, what is remembered, whose key it must be. The answers stand in
 * the order in which the specification asks for them. Everything that was sent is attacker-controlled.
 */
import { EMPTY_TREE, treeHashOfBase64 } from '../ledger/hash.ts'
import type { TreeHash } from '../ledger/hash.ts'
import { parseCheckpoint, parseNote } from '../ledger/note.ts'
import type { Checkpoint, SignedNote } from '../ledger/note.ts'
import { isConsistent } from '../ledger/proofs.ts'
import { decimal } from '../ledger/tlog-proof.ts'

export interface AddCheckpoint {
  readonly old: number
  readonly proof: readonly TreeHash[]
  readonly note: SignedNote
  readonly checkpoint: Checkpoint
}

const MOST_PROOF_LINES = 63

/** Undefined where the body is not of the form, answered 400. */
export function parseAddCheckpoint(body: string): AddCheckpoint | undefined {
  const blank = body.indexOf('\n\n')
  const [first, ...lines] = body.slice(0, Math.max(0, blank)).split('\n')
  const old = first?.startsWith('old ') === true ? decimal(first.slice(4)) : undefined
  const proof = lines.map(treeHashOfBase64)
  const note = parseNote(body.slice(blank + 2))
  const checkpoint = note && parseCheckpoint(note.text)
  if (old === undefined || note === undefined || checkpoint === undefined) return undefined
  return lines.length <= MOST_PROOF_LINES && isWhole(proof)
    ? { old, proof, note, checkpoint }
    : undefined
}

function isWhole(proof: readonly (TreeHash | undefined)[]): proof is readonly TreeHash[] {
  return !proof.includes(undefined)
}

/** The body that a log sends. */
export function addCheckpointText(old: number, proof: readonly TreeHash[], note: string): string {
  const lines = proof.map((hash) => `${Buffer.from(hash, 'latin1').toString('base64')}\n`)
  return `old ${old}\n${lines.join('')}\n${note}`
}

export type Judgement =
  | { readonly kind: 'consistent' }
  /** 400: nothing shrinks. */
  | { readonly kind: 'old-above-new' }
  /** 409: this is the size that is remembered. */
  | { readonly kind: 'conflict'; readonly size: number }
  /** 422: not shown to be the same tree grown. */
  | { readonly kind: 'inconsistent' }

const NOTHING = { size: 0, root: EMPTY_TREE }

/** `remembered`: the newest checkpoint that was cosigned, absent where none was. The signature was verified before. */
export function judge(
  { checkpoint, old, proof }: AddCheckpoint,
  remembered: Pick<Checkpoint, 'size' | 'root'> = NOTHING,
): Judgement {
  if (old > checkpoint.size) return { kind: 'old-above-new' }
  if (old !== remembered.size) return { kind: 'conflict', size: remembered.size }
  if (checkpoint.size === 0 && checkpoint.root !== EMPTY_TREE) return { kind: 'inconsistent' }
  return isConsistent(remembered, checkpoint, proof)
    ? { kind: 'consistent' }
    : { kind: 'inconsistent' }
}
