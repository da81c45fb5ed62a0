/**
 * A content under a passphrase, as one JSON object that any tool can open:
 *
 *     key = scrypt(passphrase, salt, N = 65536, r = 8, p = 1), 32 bytes; with a second secret: HMAC-SHA-256(secret, that)
 *     content = AES-256-GCM(key, nonce of 12 bytes, associated data = RFC 8785 of `about`)
 *
 * Bytes in base64url. `about` is readable by everybody and can't be changed.
 */
import { createCipheriv, createDecipheriv, createHmac, scryptSync } from 'node:crypto'
import { z } from 'zod'
import { canonicalJson } from '../../policies/canonical-json.ts'
import type { JsonObject } from '../../policies/canonical-json.ts'

const COST = { N: 65_536, r: 8, p: 1, maxmem: 128 * 1024 * 1024 }
const WHAT = 'gongdao/locked/1'

const file = z.strictObject({
  about: z.record(z.string(), z.union([z.string(), z.number()])),
  content: z.string(),
  nonce: z.string().length(16),
  salt: z.string().length(22),
  tag: z.string().length(22),
  what: z.literal(WHAT),
})
export type LockedFile = z.infer<typeof file>

export interface Locks {
  readonly passphrase: string
  /** Without it the passphrase opens nothing. */
  readonly secret?: Uint8Array
}

export class LockedFileFault extends Error {
  override readonly name = 'LockedFileFault'
}

export function lockContent(
  content: Uint8Array,
  about: JsonObject,
  locks: Locks & { readonly bytes: (count: number) => Buffer },
): string {
  const salt = locks.bytes(16)
  const nonce = locks.bytes(12)
  const cipher = createCipheriv('aes-256-gcm', keyOf(locks, salt), nonce)
  cipher.setAAD(Buffer.from(canonicalJson(about)))
  const sealed = Buffer.concat([cipher.update(content), cipher.final()])
  return `${JSON.stringify({
    about,
    content: sealed.toString('base64url'),
    nonce: nonce.toString('base64url'),
    salt: salt.toString('base64url'),
    tag: cipher.getAuthTag().toString('base64url'),
    what: WHAT,
  })}\n`
}

export function parseLockedFile(text: string): LockedFile {
  const read = file.safeParse(jsonOf(text))
  if (!read.success) throw new LockedFileFault('this is not a locked file of gongdao')
  return read.data
}

export function unlockContent(locked: LockedFile, locks: Locks): Buffer {
  const bytes = (text: string): Buffer => Buffer.from(text, 'base64url')
  const key = keyOf(locks, bytes(locked.salt))
  const decipher = createDecipheriv('aes-256-gcm', key, bytes(locked.nonce))
  decipher.setAAD(Buffer.from(canonicalJson(locked.about)))
  decipher.setAuthTag(bytes(locked.tag))
  try {
    return Buffer.concat([decipher.update(bytes(locked.content)), decipher.final()])
  } catch {
    throw new LockedFileFault('the passphrase does not open it, or it was changed')
  }
}

function keyOf({ passphrase, secret }: Locks, salt: Uint8Array): Buffer {
  const key = scryptSync(passphrase.normalize('NFC'), salt, 32, COST)
  return secret === undefined ? key : createHmac('sha256', secret).update(key).digest()
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
