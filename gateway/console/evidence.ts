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
import type { PinnedKeys } from '../ledger/pinned-keys.ts'

export interface Handed {
  /** For people, e.g. the file's name. */
  readonly name: string
  readonly text: string
}

export interface Evidence {
  readonly receipts?: readonly Handed[]
  readonly notes?: readonly Handed[]
  /** Notes of checkpoints that were published; undefined for one that can't be read any more. */
  readonly published?: Iterable<string | undefined>
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
  for (const note of published) shown(publishedHead(note, keys), 'a published checkpoint')
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

/** There is one for each second: its signature is verified only where it contradicts the chain. */
function publishedHead(text: string | undefined, keys: PinnedKeys): Omit<KnownHead, 'by'> | string {
  const head = parseCheckpoint(text?.slice(0, text.indexOf('\n\n') + 1) ?? '')
  if (text === undefined || head === undefined) return 'it can not be read'
  const isSigned = (): boolean => typeof headOf(text, keys) !== 'string'
  return { ...head, isSigned }
}

function worthless(name: string, sentence: string): Finding {
  return { chain: name, kind: 'evidence-wrong', sentence: `it proves nothing: ${sentence}` }
}
