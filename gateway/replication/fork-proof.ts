/**
 * A fork as anyone can check it with the chain's public key alone: two leaves of one index, each with the C2SP tlog-proof of the
 * checkpoint that was signed over it.
 */
import { placeOf } from '../ledger/entry-bytes.ts'
import { leafHash, leafHashOf } from '../ledger/hash.ts'
import type { TreeHash } from '../ledger/hash.ts'
import { noteKey, parseCheckpoint, parseNote, signersOf } from '../ledger/note.ts'
import type { Checkpoint } from '../ledger/note.ts'
import { rootFromInclusion } from '../ledger/proofs.ts'
import { ED25519 } from '../ledger/signer.ts'
import { parseProof, proofText } from '../ledger/tlog-proof.ts'
import { EMPTY_EDGE, Growth } from '../ledger/tree.ts'
import type { ChainJournal, Commit } from '../ports/chain-journal.ts'

export interface ForkProof {
  readonly chain: string
  readonly index: number
  readonly ours: ProvenLeaf
  readonly theirs: ProvenLeaf
}

export interface ProvenLeaf {
  readonly leaf: string
  /** C2SP tlog-proof. */
  readonly proof: string
}

interface SignedLeaves {
  readonly leaves: readonly string[]
  readonly hashes: readonly TreeHash[]
  readonly note: string
}

/** Our side, whole. */
export interface OwnChain {
  readonly origin: string
  /** Leaves that are durable. */
  readonly size: number
  readonly journal: ChainJournal
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
}

const A_MEGABYTE = 1024 * 1024

/**
 * Undefined where what they wrote proves no fork: not signed by the chain's key, or not grown from the same beginning.
 */
export function forkProof(chain: OwnChain, theirs: Commit): ForkProof | undefined {
  const other = signedLeaves(theirs)
  const before = edgeAt(chain, theirs.first)
  if (other === undefined || before === undefined) return undefined
  const grown = new Growth(before, other.hashes)
  const signed = signedRoot(other.note, chain.origin, chain.publicKey)
  if (signed?.size !== grown.size || signed.root !== grown.root) return undefined
  for (const ours of ownOver(chain, theirs)) {
    const own = signedLeaves(ours)
    const ownEdge = edgeAt(chain, ours.first)
    if (own === undefined || ownEdge === undefined) return undefined
    const index = firstDifference(other, theirs.first, own, ours.first)
    if (index === undefined) continue
    return {
      chain: chain.origin,
      index,
      ours: proven(new Growth(ownEdge, own.hashes), own, index),
      theirs: proven(grown, other, index),
    }
  }
  return undefined
}

/**
 * Whether the chain's own key signed what they wrote: they carry a checkpoint over it by that key, which is none of ours. Ours are
 * public: whoever may write could put one behind leaves of his own. `theirs` is attacker-controlled.
 */
export function isSignedBy(
  chain: string,
  theirs: Commit,
  { ours, publicKey }: { readonly ours: OwnCommits; readonly publicKey: Uint8Array },
): boolean {
  const signed = checkpointOf(chain, theirs, publicKey)
  if (signed === undefined) return false
  const own = ours.endingAt(chain, signed.size)
  return own === undefined || checkpointOf(chain, own, publicKey)?.root !== signed.root
}

/** What a published checkpoint, or what claims to be one, says of a chain of ours; attacker-controlled. */
export type NoteVerdict =
  | { readonly kind: 'ours' | 'unsigned' }
  /** `ours`: the checkpoint of that size; undefined where the chain never had it. */
  | { readonly kind: 'other'; readonly size: number; readonly ours: string | undefined }

export function judgeNote(
  chain: string,
  note: string,
  { ours, publicKey }: { readonly ours: OwnCommits; readonly publicKey: Uint8Array },
): NoteVerdict {
  const signed = signedRoot(note, chain, publicKey)
  if (signed === undefined) return { kind: 'unsigned' }
  const own = ours.endingAt(chain, signed.size)
  const isSame = own !== undefined && checkpointOf(chain, own, publicKey)?.root === signed.root
  if (isSame || signed.size === 0) return { kind: 'ours' }
  return { kind: 'other', size: signed.size, ours: own && noteIn(own) }
}

export interface OwnCommits {
  /** The commit with which the chain has so many leaves; undefined where none of ours ends there. */
  endingAt(chain: string, size: number): Commit | undefined
}

/** Undefined where the key signed none for a chain that ends with this commit. */
function checkpointOf(
  chain: string,
  commit: Commit,
  publicKey: Uint8Array,
): Checkpoint | undefined {
  const note = noteIn(commit)
  const signed = note === undefined ? undefined : signedRoot(note, chain, publicKey)
  return signed?.size === commit.first + commit.count ? signed : undefined
}

/** Whether two leaves of one index are proven to stand in the chain of this key. */
export function isForkProven(proof: ForkProof, publicKey: Uint8Array): boolean {
  if (proof.ours.leaf === proof.theirs.leaf) return false
  return [proof.ours, proof.theirs].every((one) => isProven(one, proof, publicKey))
}

function isProven(
  { leaf, proof }: ProvenLeaf,
  { chain, index }: ForkProof,
  publicKey: Uint8Array,
): boolean {
  const parsed = parseProof(proof)
  const root = parsed && signedRoot(parsed.note, chain, publicKey)
  if (root === undefined || parsed?.index !== index) return false
  return rootFromInclusion(leafHashOf(leaf), { index, size: root.size }, parsed.path) === root.root
}

/** Undefined where the note is not a checkpoint of this chain by this key. */
export function signedRoot(
  text: string,
  origin: string,
  publicKey: Uint8Array,
): Checkpoint | undefined {
  const note = parseNote(text)
  const checkpoint = parseCheckpoint(note?.text ?? '')
  if (note === undefined || checkpoint?.origin !== origin) return undefined
  const signers = signersOf(note, [noteKey(origin, ED25519, publicKey)])
  return signers?.length === 1 ? checkpoint : undefined
}

/** The text behind the entries: nothing is hashed for whoever signed nothing. Attacker-controlled. */
function noteIn({ count, payload }: Commit): string | undefined {
  let at = 0
  for (let entry = 0; entry < count; entry += 1) {
    const place = placeOf(payload, at, payload.length, 'may lack its record')
    if (place === undefined) return undefined
    at = place.end
  }
  return payload.toString('utf8', at)
}

/** Undefined where the payload is not entries and a text behind them; attacker-controlled. */
function signedLeaves({ count, payload }: Commit): SignedLeaves | undefined {
  const leaves: string[] = []
  const hashes: TreeHash[] = []
  let at = 0
  for (let entry = 0; entry < count; entry += 1) {
    const place = placeOf(payload, at, payload.length, 'may lack its record')
    if (place === undefined) return undefined
    leaves.push(payload.toString('utf8', place.hashedAt + 1, place.end))
    hashes.push(leafHash(payload.subarray(place.hashedAt, place.end)))
    at = place.end
  }
  return { leaves, hashes, note: payload.toString('utf8', at) }
}

/** Ours over the same leaves; the first of them may begin before theirs. */
function* ownOver(chain: OwnChain, theirs: Commit): Generator<Commit, undefined> {
  for (const commit of everything(chain)) {
    if (commit.first >= theirs.first + theirs.count) return
    if (commit.first + commit.count > theirs.first) yield commit
  }
  return
}

function* everything({ journal, size }: OwnChain): Generator<Commit, undefined> {
  let from = 0
  for (;;) {
    const commits = journal.read(from, size, A_MEGABYTE)
    yield* commits
    const last = commits.at(-1)
    if (last === undefined) return
    from = last.first + last.count
  }
}

/** The tree of the first leaves of ours; undefined where we have fewer. */
function edgeAt(chain: OwnChain, size: number): Growth['edge'] | undefined {
  let edge = EMPTY_EDGE
  for (const commit of everything(chain)) {
    if (edge.size === size) break
    const hashes = signedLeaves(commit)?.hashes.slice(0, size - edge.size)
    if (hashes === undefined || hashes.length === 0) return undefined
    edge = new Growth(edge, hashes).edge
  }
  return edge.size === size ? edge : undefined
}

function firstDifference(
  theirs: SignedLeaves,
  theirFirst: number,
  ours: SignedLeaves,
  ourFirst: number,
): number | undefined {
  const from = Math.max(theirFirst, ourFirst)
  const to = Math.min(theirFirst + theirs.leaves.length, ourFirst + ours.leaves.length)
  for (let index = from; index < to; index += 1) {
    if (theirs.leaves[index - theirFirst] !== ours.leaves[index - ourFirst]) return index
  }
  return undefined
}

function proven(grown: Growth, { leaves, note }: SignedLeaves, index: number): ProvenLeaf {
  const proof = proofText({ index, lines: grown.proofLines(index), note })
  return { leaf: leaves[index - grown.first] ?? '', proof }
}
