/**
 * What others hold of the ledger, made into heads and leaves that it must contain: receipts of departments, notes of witnesses,
 * checkpoints that were published. Each counts only under a good signature of the chain's pinned key; all of it is attacker-controlled.
 */
import { checkReceipt } from '../ledger/check-receipt.ts'
import type { Finding } from '../ledger/finding.ts'
import { leafHashOf, treeHashOfDigest } from '../ledger/hash.ts'
import type { Known, KnownHead, KnownLeaf } from '../ledger/known-heads.ts'
import { canonicalLeaf } from '../ledger/leaf.ts'
import { parseCheckpoint, parseNote, signersOf } from '../ledger/note.ts'
import type { Checkpoint } from '../ledger/note.ts'
import type { PinnedKeys } from '../ledger/pinned-keys.ts'

export interface Handed {
  /** For people, e.g. the file's name. */
  readonly name: string
  readonly text: string
}

/** Notes of checkpoints that were published, undefined for one that can't be read any more. One for each second: none is kept in memory. */
export interface PublishedNotes extends Iterable<string | undefined> {
  /** The one at a position, once more. */
  at(position: number): string | undefined
}

export interface Evidence {
  readonly receipts?: readonly Handed[]
  readonly notes?: readonly Handed[]
  readonly published?: PublishedNotes
  /** Heads that a good time-stamp names (`check-anchors.ts`): nobody could have made them up later. */
  readonly stamped?: readonly KnownHead[]
}

export interface Weighed {
  readonly known: Known
  /** What proves nothing. */
  readonly findings: readonly Finding[]
}

export function weigh(evidence: Evidence, keys: PinnedKeys): Weighed {
  const { notes = [], published = [], receipts = [], stamped = [] } = evidence
  const heads: KnownHead[] = [...stamped]
  const leaves: KnownLeaf[] = []
  const findings: Finding[] = []
  const shown = (head: Omit<KnownHead, 'by'> | string, by: string): void => {
    if (typeof head === 'string') findings.push(worthless(by, head))
    else heads.push({ ...head, by })
  }
  for (const { name, text } of receipts) {
    const receipt = receiptOf(text, keys)
    shown(typeof receipt === 'string' ? receipt : receipt.head, name)
    if (typeof receipt !== 'string') leaves.push({ ...receipt.leaf, by: name })
  }
  for (const { name, text } of notes) shown(headOf(text, keys), name)
  for (const head of publishedHeads(published, keys)) shown(head, 'a published checkpoint')
  return { known: { heads, leaves }, findings }
}

interface OfReceipt {
  readonly head: Omit<KnownHead, 'by'>
  readonly leaf: Omit<KnownLeaf, 'by'>
}

/** The head and the leaf that a receipt shows, or why it shows none. */
function receiptOf(text: string, keys: PinnedKeys): OfReceipt | string {
  const receipt = checkReceipt(text, { keys })
  if (receipt.kind === 'bad') return receipt.sentence
  const { index, leaf, origin, root, size } = receipt
  return {
    head: { origin, size, root: treeHashOfDigest(root) },
    leaf: { origin, index, hash: leafHashOf(canonicalLeaf(leaf)) },
  }
}

/** The head that a note shows, or why it shows none. */
function headOf(text: string, keys: PinnedKeys): Omit<KnownHead, 'by'> | string {
  const note = parseNote(text)
  const checkpoint = note && parseCheckpoint(note.text)
  if (note === undefined || checkpoint === undefined) return 'it is not a signed checkpoint'
  const key = keys.forChain(checkpoint.origin)
  if (key === undefined) return 'no pinned key is for the chain that it names'
  if (signersOf(note, [key])?.[0] !== key) return 'it is not signed by the pinned key of its chain'
  return checkpoint
}

/** A signature is verified only where its note contradicts the chain. */
function* publishedHeads(
  published: PublishedNotes,
  keys: PinnedKeys,
): Generator<Omit<KnownHead, 'by'> | string, void> {
  // A part of a text would keep the whole of it in memory.
  const origins = new Map<string, string>()
  let position = -1
  for (const text of published) {
    position += 1
    const head = parseCheckpoint(text?.slice(0, text.indexOf('\n\n') + 1) ?? '')
    if (head === undefined) {
      yield 'it can not be read'
      continue
    }
    const origin = origins.get(head.origin) ?? head.origin
    origins.set(origin, origin)
    yield { ...head, origin, isSigned: signedAt(published, position, { head, keys }) }
  }
}

function signedAt(
  published: PublishedNotes,
  position: number,
  { head, keys }: { readonly head: Checkpoint; readonly keys: PinnedKeys },
): () => boolean {
  const { root, size } = head
  return () => {
    const again = headOf(published.at(position) ?? '', keys)
    return typeof again !== 'string' && again.root === root && again.size === size
  }
}

function worthless(name: string, sentence: string): Finding {
  return { chain: name, kind: 'evidence-wrong', sentence: `it proves nothing: ${sentence}` }
}
