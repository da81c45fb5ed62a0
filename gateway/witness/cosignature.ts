/**
 * C2SP tlog-cosignature, Ed25519 (0x04): "as of this second, the largest tree that I have seen of this log has this root". Its
 * signature does not cover the cosigner's name, so a key MUST belong to one cosigner only.
 */
import { createPrivateKey } from 'node:crypto'
import { vkeyText } from '../ledger/note.ts'
import { COSIGNATURE, ed25519Signer, keyId } from '../ledger/signer.ts'
import type { LogSigner } from '../ledger/signer.ts'
import { strictBase64 } from '../ledger/tlog-proof.ts'

export interface Cosigner {
  readonly name: string
  readonly signer: LogSigner
}

/** One signature line of a note; `seconds` since 1970, at least 1. */
export function cosignatureLine({ name, signer }: Cosigner, text: string, seconds: number): string {
  const time = Buffer.alloc(8)
  time.writeBigUInt64BE(BigInt(seconds))
  const signature = signer.sign(Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`))
  const blob = Buffer.concat([keyId(name, COSIGNATURE, signer.publicKey), time, signature])
  return `\u2014 ${name} ${blob.toString('base64')}\n`
}

export function cosignerVkey({ name, signer }: Cosigner): string {
  return vkeyText(name, signer.publicKey, COSIGNATURE)
}

// PrivateKeyInfo of an Ed25519 key is this prefix and the seed (RFC 8410 §7).
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

/** Throws RangeError where the name can't stand in a note. `seed`: 32 unpredictable bytes. */
export function cosignerOf(name: string, seed: Uint8Array): Cosigner {
  if (!/^[^\s+\p{Cc}]{1,200}$/u.test(name)) {
    throw new RangeError('a witness has a name without blanks and without +, e.g. audit.example/w1')
  }
  const der = Buffer.concat([PKCS8_PREFIX, seed])
  return {
    name,
    signer: ed25519Signer(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })),
  }
}

/** The secret half, as Go's sumdb/note spells it: `PRIVATE+KEY+<name>+<key id>+<base64 of algorithm || seed>`. */
export function secretKeyText(name: string, seed: Uint8Array): string {
  const { signer } = cosignerOf(name, seed)
  const id = keyId(name, COSIGNATURE, signer.publicKey).toString('hex')
  const key = Buffer.concat([Buffer.of(COSIGNATURE), seed]).toString('base64')
  return `PRIVATE+KEY+${name}+${id}+${key}`
}

/** Undefined unless the text is a secret key of this kind, whole. */
export function parseSecretKey(text: string): Cosigner | undefined {
  const parts = /^PRIVATE\+KEY\+([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/u.exec(text.trim())
  const blob = strictBase64(parts?.[3] ?? '')
  if (parts?.[1] === undefined || blob?.length !== 33 || blob[0] !== COSIGNATURE) return undefined
  const cosigner = cosignerOf(parts[1], blob.subarray(1))
  const id = keyId(cosigner.name, COSIGNATURE, cosigner.signer.publicKey)
  return id.toString('hex') === parts[2] ? cosigner : undefined
}
