/**
 * What others hold of the ledger, made into heads and leaves that it must contain: receipts of departments, notes of witnesses,
 * checkpoints that were published. Each counts only under a good signature of the chain's pinned key; all of it is attacker-controlled.
 */
import { checkReceipt } from '../ledger/check-receipt.ts'
import type { Finding } from '../ledger/finding.ts'
import { leafHashOf, treeHashOfDigest } from '../ledger/hash.ts'
import { HeadList, PUBLISHED } from '../ledger/head-list.ts'
import type { KnownHead, ListedHeads } from '../ledger/head-list.ts'
import type { Known, KnownLeaf } from '../ledger/known-heads.ts'
import { canonicalLeaf } from '../ledger/leaf.ts'
import { parseCheckpoint } from '../ledger/note.ts'
import type { PinnedKeys } from '../ledger/pinned-keys.ts'
import { signedHead } from '../ledger/signed-head.ts'

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
  /** Published heads whose signatures were verified already, by origin. */
  readonly lists?: ReadonlyMap<string, HeadList>
  /** Heads that a good time-stamp names (`check-anchors.ts`): nobody could have made them up later. */
  readonly stamped?: readonly KnownHead[]
}

export interface Weighed {
  readonly known: Known
  /** By chain: leaves of the smallest tree that a receipt or a note shows. */
  readonly handed: ReadonlyMap<string, number>
  /** What proves nothing. */
  readonly findings: readonly Finding[]
}

export function weigh(evidence: Evidence, keys: PinnedKeys): Weighed {
  const { notes = [], receipts = [], stamped = [] } = evidence
  const heads: KnownHead[] = [...stamped]
  const leaves: KnownLeaf[] = []
  const findings: Finding[] = []
  const handed = new Map<string, number>()
  const shown = (head: Omit<KnownHead, 'by'> | string, by: string): void => {
    if (typeof head === 'string') {
      findings.push(worthless(by, head))
      return
    }
    heads.push({ ...head, by })
    handed.set(head.origin, Math.min(head.size, handed.get(head.origin) ?? Infinity))
  }
  for (const { name, text } of receipts) {
    const receipt = receiptOf(text, keys)
    shown(typeof receipt === 'string' ? receipt : receipt.head, name)
    if (typeof receipt !== 'string') leaves.push({ ...receipt.leaf, by: name })
  }
  for (const { name, text } of notes) shown(signedHead(text, keys), name)
  const { isWhole, lists } = listed(evidence, keys)
  if (!isWhole) findings.push(worthless(PUBLISHED, 'it can not be read'))
  return { known: { heads, leaves, lists }, handed, findings }
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

/** Of a note, the signature is verified only where it contradicts the chain. */
function listed(
  { lists: verified = new Map(), published = [] }: Evidence,
  keys: PinnedKeys,
): Pick<Known, 'lists'> & { readonly isWhole: boolean } {
  const lists = new Map<string, HeadList>()
  let isWhole = true
  let place = -1
  for (const text of published) {
    place += 1
    const head = parseCheckpoint(text?.slice(0, text.indexOf('\n\n') + 1) ?? '')
    if (head === undefined) {
      isWhole = false
      continue
    }
    const { origin, root, size } = head
    const isSigned: ListedHeads['isSigned'] = (asked, at) => {
      const again = signedHead(published.at(at) ?? '', keys)
      if (typeof again === 'string' || again.origin !== origin) return false
      return again.root === asked.root && again.size === asked.size
    }
    const list = lists.get(origin) ?? new HeadList({ origin, by: PUBLISHED, isSigned })
    lists.set(origin, list)
    list.add(size, root, place)
  }
  return { isWhole, lists: [...lists, ...verified] }
}

function worthless(name: string, sentence: string): Finding {
  return { chain: name, kind: 'evidence-wrong', sentence: `it proves nothing: ${sentence}` }
}
