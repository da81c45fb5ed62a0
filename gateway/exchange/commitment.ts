/**
 * Salted commitments: SHA-256(nonce ‖ what is committed to). A bare digest of a small answer such as
 * `{"isInsured":true}` could be guessed; without the nonce, which is sealed under the person's key, this can't.
 */
import { hash } from 'node:crypto'
import { Digest } from '../../policies/vocabulary.ts'

/** Bytes of one nonce; 128 bits hide even a yes or no. */
const NONCE_BYTES = 16

/** The four nonces of an exchange, cut from one random string that is sealed in its intent. */
export interface Nonces {
  readonly request: Buffer
  readonly answer: Buffer
  readonly released: Buffer
  readonly others: Buffer
}

export const SEED_BYTES = 4 * NONCE_BYTES

export function noncesOf(seed: Buffer): Nonces {
  const nonce = (at: number): Buffer => seed.subarray(at * NONCE_BYTES, (at + 1) * NONCE_BYTES)
  return { request: nonce(0), answer: nonce(1), released: nonce(2), others: nonce(3) }
}

/** SHA-256 of bytes or of a text's UTF-8. */
export function digestOf(content: Uint8Array | string): Digest {
  return Digest.parse(hash('sha256', content, 'base64url'))
}

/** Commitment to a text: SHA-256(nonce ‖ UTF-8). */
export function commitToText(nonce: Buffer, text: string): Digest {
  return digestOf(Buffer.concat([nonce, Buffer.from(text)]))
}

/** What the holder of a content needs in order to open a commitment to it. */
export interface Opening {
  /** SHA-256 of the content. */
  readonly digest: Digest
  /** Base64url. */
  readonly nonce: string
}

/** Commitment to content by its digest: SHA-256(nonce ‖ SHA-256(content)); opened without showing the content. */
export function commitToContent(
  nonce: Buffer,
  content: Uint8Array,
): { readonly commitment: Digest; readonly opening: Opening } {
  const digest = Digest.parse(hash('sha256', content, 'base64url'))
  nonce.copy(scratch)
  scratch.write(digest, NONCE_BYTES, 'base64url')
  return {
    commitment: digestOf(scratch),
    opening: { digest, nonce: nonce.toString('base64url') },
  }
}

// A nonce and a SHA-256, put together again for each commitment: nothing else runs in between.
const scratch = Buffer.alloc(NONCE_BYTES + 32)
