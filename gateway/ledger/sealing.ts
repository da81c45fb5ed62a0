/**
 * What stands in a record because of a person's key: her pseudonym, and the details sealed under it. Formats for ever:
 * a change is a new label (`subject/2`, `seal/2`), never another meaning of the old one.
 *
 * Sealed details = base64url of commitment (32 bytes) ‖ ciphertext ‖ tag (16 bytes), where
 *
 *     DEK ‖ commitment = HMAC-SHA-512(key, "seal/1" ‖ exchange id), 32 bytes each
 *     ciphertext, tag = AES-256-GCM(DEK, nonce of twelve zeros, associated data = exchange id)
 *
 * The nonce is constant because the key is not: GCM asks that no pair of key and nonce repeats (NIST SP 800-38D 8),
 * an exchange has one intent or denial, which is sealed once, and its id is minted by the gateway. That spares 16
 * characters in each record. The commitment stands there because GCM does not commit to its key: without it someone
 * could later show a second key under which the same bytes tell another story (finding one would take a collision of half an
 * HMAC-SHA-512). So it is compared before decrypting.
 */
import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto'
import { canonicalJson } from '../../policies/canonical-json.ts'
import type { ExchangeId, MemberId } from '../../policies/vocabulary.ts'

const CIPHER = 'aes-256-gcm'
const NONCE = Buffer.alloc(12)
const DEK_BYTES = 32
const COMMITMENT_BYTES = 32
const TAG_BYTES = 16
const BASE64URL = /^[A-Za-z0-9_-]*$/

/** The pseudonym of the holder of `key` between two controllers in one year (43 characters). */
export function pseudonym(
  key: Uint8Array,
  scope: { readonly consumer: MemberId; readonly provider: MemberId; readonly year: number },
): string {
  const text = canonicalJson(['subject/1', scope.consumer, scope.provider, scope.year])
  return createHmac('sha256', key).update(text).digest('base64url')
}

export function seal(key: Uint8Array, exchange: ExchangeId, details: Uint8Array): string {
  const { commitment, dek } = keysFor(key, exchange)
  const cipher = createCipheriv(CIPHER, dek, NONCE)
  cipher.setAAD(Buffer.from(exchange, 'latin1'))
  const ciphertext = cipher.update(details)
  cipher.final()
  return Buffer.concat([commitment, ciphertext, cipher.getAuthTag()]).toString('base64url')
}

export type Unsealed =
  | { readonly kind: 'opened'; readonly details: Buffer }
  | { readonly kind: 'broken'; readonly part: 'form' | 'commitment' | 'tag' }

export function unseal(key: Uint8Array, exchange: ExchangeId, sealed: string): Unsealed {
  const bytes = Buffer.from(sealed, 'base64url')
  if (!BASE64URL.test(sealed) || bytes.toString('base64url') !== sealed) return broken('form')
  if (bytes.length < COMMITMENT_BYTES + TAG_BYTES) return broken('form')
  const { commitment, dek } = keysFor(key, exchange)
  // Before a byte is decrypted: the tag alone would let a second key pass.
  if (!timingSafeEqual(bytes.subarray(0, COMMITMENT_BYTES), commitment)) {
    return broken('commitment')
  }
  const decipher = createDecipheriv(CIPHER, dek, NONCE)
  decipher.setAAD(Buffer.from(exchange, 'latin1'))
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES))
  const details = decipher.update(bytes.subarray(COMMITMENT_BYTES, bytes.length - TAG_BYTES))
  try {
    decipher.final()
  } catch {
    return broken('tag')
  }
  return { kind: 'opened', details }
}

function keysFor(
  key: Uint8Array,
  exchange: ExchangeId,
): { readonly dek: Buffer; readonly commitment: Buffer } {
  const both = createHmac('sha512', key).update(`seal/1${exchange}`).digest()
  return { dek: both.subarray(0, DEK_BYTES), commitment: both.subarray(DEK_BYTES) }
}

function broken(part: 'form' | 'commitment' | 'tag'): Unsealed {
  return { kind: 'broken', part }
}
