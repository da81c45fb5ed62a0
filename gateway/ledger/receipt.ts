/**
 * `Exchange-Receipt`: base64 of a tlog-proof whose `extra` is RFC 8785 of
 *
 *     {leaf: {kind, public?, record, v}, opening?: {digest, nonce, of}, record?: {…}, v: 1}
 *
 * so that a checker recomputes the leaf from the record, the leaf hash from the leaf, the root from the proof, and the
 * commitment in the record from the opening: with keys and receipt only.
 */
import type { Digest } from '../../policies/vocabulary.ts'
import type { Recorded } from './entry.ts'
import { PROOF_HEADER } from './tlog-proof.ts'

/**
 * What opens the salted commitment `of` that name in the record: SHA-256(nonce || digest), where `digest` is SHA-256 of the body
 * released, or of RFC 8785 of the request.
 */
export interface Opening {
  readonly digest: Digest
  /** Base64url. */
  readonly nonce: string
  readonly of: 'request' | 'released'
}

export interface ReceiptContent {
  /** RFC 8785 text of the record. */
  readonly recordText: string
  readonly opening?: Opening
}

/** Many servers stop at 8 KiB of headers: this much, in characters, is ours. */
export const LONGEST_HEADER = 4096

const EXTRA = 'extra '
// A header is made twice an exchange: written into one buffer that is kept, not joined from many strings.
const proof = Buffer.alloc(2 * LONGEST_HEADER)
const START = proof.write(PROOF_HEADER + EXTRA)
const extra = Buffer.alloc(2 * LONGEST_HEADER)

/** One line of base64, at most `LONGEST_HEADER` characters: where it would be longer the record stays out. */
export function buildReceiptHeader(recorded: Recorded, content: ReceiptContent): string {
  const bare = recorded.receipt()
  // One line of `extra` comes in behind the first line; the dash of the signature line is 3 bytes, not 1.
  const others = Buffer.byteLength(bare) + EXTRA.length + 1
  const room = Math.floor(((LONGEST_HEADER / 4) * 3 - others) / 4) * 3
  const text = makeExtra({ leaf: recorded.leaf, ...content }, room)
  const extraBytes = extra.write(text)
  let end = START
  end += proof.write(extra.toString('base64', 0, extraBytes), end, 'latin1')
  end += proof.write('\n', end, 'latin1')
  end += proof.write(bare.slice(PROOF_HEADER.length), end)
  return proof.toString('base64', 0, end)
}

/** Text of `extra`, with the record if all of it fits into `budget` bytes. */
export function makeExtra(content: ReceiptContent & { leaf: string }, budget: number): string {
  const { leaf, opening, recordText } = content
  const first = `{"leaf":${leaf},${opening === undefined ? '' : openingText(opening)}`
  if (first.length + recordText.length > budget) return `${first}"v":1}`
  const whole = `${first}"record":${recordText},"v":1}`
  return Buffer.byteLength(whole) <= budget ? whole : `${first}"v":1}`
}

function openingText({ digest, nonce, of }: Opening): string {
  return `"opening":{"digest":"${digest}","nonce":"${nonce}","of":"${of}"},`
}
