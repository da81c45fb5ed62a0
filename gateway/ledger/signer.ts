/** The key that signs a chain's checkpoints, and its names in C2SP signed notes. */
import { createPublicKey, hash, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

export interface LogSigner {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
  /** Ed25519 over the bytes, 64 bytes. Deterministic: the same checkpoint is signed alike after a crash. */
  sign(bytes: Uint8Array): Uint8Array
}

export function ed25519Signer(privateKey: KeyObject): LogSigner {
  return {
    publicKey: rawPublicKey(createPublicKey(privateKey)),
    sign: (bytes) => sign(null, bytes, privateKey),
  }
}

/** Algorithm bytes of C2SP signed-note. */
export const ED25519 = 0x01
export const COSIGNATURE = 0x04

// SubjectPublicKeyInfo of an Ed25519 key is this prefix and the key (RFC 8410 §4).
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

export function rawPublicKey(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(SPKI_PREFIX.length)
}

export function publicKeyOf(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' })
}

export function verifies(key: KeyObject, bytes: Uint8Array, signature: Uint8Array): boolean {
  return verify(null, bytes, key, signature)
}

/** First four bytes of SHA-256(name || 0x0A || algorithm || public key). */
export function keyId(name: string, algorithm: number, publicKey: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(algorithm), publicKey])
  return hash('sha256', named, 'buffer').subarray(0, 4)
}
