/**
 * A receipt checked offline: keys and receipt only. Says how far it convicts.
 *
 *     signed                       this leaf is in the log that the key signed
 *     signed, record shown         … and this is the leaf's record
 *     signed, record and body opened   … and the record commits to this very body (or request)
 *
 * and, beside it, which of the pinned witnesses have cosigned the checkpoint.
 */
import { hash } from 'node:crypto'
import { canonicalJson } from '../../policies/canonical-json.ts'
import type { Json } from '../../policies/canonical-json.ts'
import type { Digest } from '../../policies/vocabulary.ts'
import { isCanonical } from './canonical-scan.ts'
import { digestOf, digestOfTreeHash, leafHashOf } from './hash.ts'
import { canonicalLeaf, leafOf } from './leaf.ts'
import type { Leaf } from './leaf.ts'
import { parseCheckpoint, parseNote, signersOf } from './note.ts'
import type { Checkpoint, NoteKey } from './note.ts'
import type { PinnedKeys } from './pinned-keys.ts'
import { rootFromInclusion } from './proofs.ts'
import { parseProof } from './tlog-proof.ts'
import type { ParsedProof } from './tlog-proof.ts'

export type ReceiptLevel = 'signed' | 'signed, record shown' | 'signed, record and body opened'

export type ReceiptFinding =
  | {
      readonly kind: 'good'
      readonly level: ReceiptLevel
      readonly origin: string
      readonly index: number
      readonly size: number
      /** Of the tree that its checkpoint signs. */
      readonly root: Digest
      readonly leaf: Leaf
      /** Parsed; present from `record shown` on. */
      readonly record?: unknown
      /** Names of the pinned witnesses that cosigned. */
      readonly cosigned: readonly string[]
    }
  | { readonly kind: 'bad'; readonly why: ReceiptFault; readonly sentence: string }

export type ReceiptFault =
  | 'not-a-receipt'
  | 'key-unknown'
  | 'signature-wrong'
  | 'not-included'
  | 'record-mismatch'
  | 'opening-mismatch'
  | 'body-mismatch'

export interface ReceiptCheck {
  readonly keys: PinnedKeys
  /** The body that was received (outcome), or RFC 8785 of the request that was sent (intent). */
  readonly body?: Uint8Array
}

/** `receipt` is the value of `Exchange-Receipt`, or the tlog-proof itself: attacker-controlled. */
export function checkReceipt(receipt: string, check: ReceiptCheck): ReceiptFinding {
  const proof = parseProof(plainText(receipt))
  const extra = proof?.extra === undefined ? undefined : extraOf(proof.extra)
  if (proof === undefined) return bad('not-a-receipt', 'the text is not a tlog-proof')
  if (extra === undefined) return bad('not-a-receipt', 'the receipt does not show its leaf')
  const signed = signedCheckpoint(proof, check.keys)
  if ('kind' in signed) return signed
  const { checkpoint, cosigned } = signed
  const place = { index: proof.index, size: checkpoint.size }
  if (rootFromInclusion(leafHashOf(extra.leafText), place, proof.path) !== checkpoint.root) {
    return bad('not-included', 'the proof does not lead from the leaf to the signed root')
  }
  const level = levelOf(extra, check.body)
  if ('kind' in level) return level
  const { origin } = checkpoint
  const root = digestOfTreeHash(checkpoint.root)
  return { kind: 'good', ...level, origin, ...place, root, leaf: extra.leaf, cosigned }
}

function plainText(receipt: string): string {
  const compact = receipt.trim()
  // One line of base64 is the header; the file begins with its own name and has many lines.
  return /^[A-Za-z0-9+/]+={0,2}$/.test(compact)
    ? Buffer.from(compact, 'base64').toString('utf8')
    : receipt
}

interface Extra {
  readonly leaf: Leaf
  readonly leafText: string
  readonly record: Json | undefined
  readonly opening: OpeningShape | undefined
}

interface OpeningShape {
  readonly digest: string
  readonly nonce: string
  readonly of: 'request' | 'released'
}

function extraOf(bytes: Buffer): Extra | undefined {
  const text = bytes.toString('utf8')
  if (!isCanonical(text)) return undefined
  const value = JSON.parse(text) as
    (Partial<Record<'leaf' | 'opening' | 'v', unknown>> & { readonly record?: Json }) | null
  // Another version may mean something else by the same names.
  if (value?.v !== 1) return undefined
  const leaf = leafOf(value.leaf)
  const opening = openingOf(value.opening)
  if (leaf === undefined || opening === 'misshapen') return undefined
  return { leaf, leafText: canonicalLeaf(leaf), record: value.record, opening }
}

function openingOf(value: unknown): OpeningShape | 'misshapen' | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'object' || value === null) return 'misshapen'
  const { digest, nonce, of } = value as Partial<Record<keyof OpeningShape, unknown>>
  if (typeof digest !== 'string' || typeof nonce !== 'string') return 'misshapen'
  return of === 'request' || of === 'released' ? { digest, nonce, of } : 'misshapen'
}

type Signed = { readonly checkpoint: Checkpoint; readonly cosigned: readonly string[] }

function signedCheckpoint(proof: ParsedProof, keys: PinnedKeys): Signed | ReceiptFinding {
  const note = parseNote(proof.note)
  const checkpoint = note === undefined ? undefined : parseCheckpoint(note.text)
  if (note === undefined || checkpoint === undefined) {
    return bad('not-a-receipt', 'the receipt does not end with a signed checkpoint')
  }
  // The origin is attacker-controlled: it only selects among the pinned keys, by exact name.
  const key = keys.forChain(checkpoint.origin)
  if (key === undefined) return bad('key-unknown', 'no pinned key is for the chain that it names')
  const signers = signersOf(note, [key, ...keys.witnesses])
  if (signers?.includes(key) !== true) {
    return bad('signature-wrong', 'the checkpoint is not signed by the pinned key of its chain')
  }
  return { checkpoint, cosigned: signers.filter((each) => each !== key).map(nameOf) }
}

function nameOf({ name }: NoteKey): string {
  return name
}

type Level = { readonly level: ReceiptLevel; readonly record?: unknown }

function levelOf(
  { leaf, opening, record }: Extra,
  body: Uint8Array | undefined,
): Level | ReceiptFinding {
  if (record === undefined) {
    return body === undefined
      ? { level: 'signed' }
      : bad(
          'opening-mismatch',
          'the receipt does not show its record, so that no body can be compared',
        )
  }
  if (digestOf(canonicalJson(record)) !== leaf.record) {
    return bad('record-mismatch', 'the record shown is not the one that the leaf names')
  }
  if (opening !== undefined && commitmentOf(opening) !== committed(record, opening.of)) {
    return bad('opening-mismatch', 'the opening does not open the commitment of the record')
  }
  if (body === undefined) return { level: 'signed, record shown', record }
  if (opening === undefined)
    return bad('opening-mismatch', 'the receipt opens no commitment to a body')
  return digestOf(body) === opening.digest
    ? { level: 'signed, record and body opened', record }
    : bad('body-mismatch', 'the body is not the one that the record commits to')
}

/** SHA-256(nonce || SHA-256 of the content). */
function commitmentOf({ digest, nonce }: OpeningShape): string {
  const opened = Buffer.concat([Buffer.from(nonce, 'base64url'), Buffer.from(digest, 'base64url')])
  return hash('sha256', opened, 'base64url')
}

function committed(record: Json, name: string): unknown {
  return typeof record === 'object' && record !== null && !Array.isArray(record)
    ? (record as Readonly<Record<string, unknown>>)[name]
    : undefined
}

function bad(why: ReceiptFault, sentence: string): ReceiptFinding {
  return { kind: 'bad', why, sentence }
}
