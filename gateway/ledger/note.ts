/** C2SP signed notes, read. Everything here is attacker-controlled until a pinned key has verified it. */
import type { KeyObject } from 'node:crypto'
import { checkpointText } from './checkpoint.ts'
import { treeHashOfBase64 } from './hash.ts'
import type { TreeHash } from './hash.ts'
import { COSIGNATURE, ED25519, keyId, publicKeyOf, verifies } from './signer.ts'
import { decimal, strictBase64 } from './tlog-proof.ts'

export interface NoteKey {
  readonly name: string
  /** 0x01 Ed25519, or 0x04 timestamped cosignature. */
  readonly algorithm: number
  readonly publicKey: Uint8Array
  /** Four bytes, as Latin-1 text. */
  readonly id: string
  readonly key: KeyObject
}

export function noteKey(name: string, algorithm: number, publicKey: Uint8Array): NoteKey {
  const id = keyId(name, algorithm, publicKey).toString('latin1')
  return { name, algorithm, publicKey, id, key: publicKeyOf(publicKey) }
}

/** Verifier key text: `name+<key id in hex>+<base64 of algorithm || key>`. */
export function vkeyText(name: string, publicKey: Uint8Array, algorithm = ED25519): string {
  const id = keyId(name, algorithm, publicKey).toString('hex')
  const key = Buffer.concat([Buffer.of(algorithm), publicKey]).toString('base64')
  return `${name}+${id}+${key}`
}

/** Undefined unless the text is a verifier key of an algorithm known here. */
export function parseVkey(text: string): NoteKey | undefined {
  const parts = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/u.exec(text)
  const blob = strictBase64(parts?.[3] ?? '')
  if (parts?.[1] === undefined || blob?.length !== 33) return undefined
  const algorithm = blob.readUInt8(0)
  if (algorithm !== ED25519 && algorithm !== COSIGNATURE) return undefined
  const key = noteKey(parts[1], algorithm, blob.subarray(1))
  return Buffer.from(key.id, 'latin1').toString('hex') === parts[2] ? key : undefined
}

export interface NoteSignature {
  readonly name: string
  readonly id: string
  readonly signature: Buffer
}

export interface SignedNote {
  /** What is signed: with its last newline, without the blank line. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

const LONGEST_NOTE = 64 * 1024
const MOST_SIGNATURES = 64
// Control characters, except the newline.
// eslint-disable-next-line no-control-regex -- they are what is refused
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/

/** Undefined where the text is not a signed note. */
export function parseNote(note: string): SignedNote | undefined {
  const blank = note.lastIndexOf('\n\n')
  if (note.length > LONGEST_NOTE || blank < 0 || CONTROL.test(note)) return undefined
  const lines = note.slice(blank + 2).split('\n')
  if (lines.pop() !== '' || lines.length === 0 || lines.length > MOST_SIGNATURES) return undefined
  const signatures = lines.map(signatureOf)
  return isWhole(signatures) ? { text: note.slice(0, blank + 1), signatures } : undefined
}

function signatureOf(line: string): NoteSignature | undefined {
  const parts = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/=]+)$/u.exec(line)
  const blob = strictBase64(parts?.[2] ?? '')
  if (parts?.[1] === undefined || blob === undefined || blob.length < 5) return undefined
  return { name: parts[1], id: blob.toString('latin1', 0, 4), signature: blob.subarray(4) }
}

function isWhole(
  signatures: readonly (NoteSignature | undefined)[],
): signatures is readonly NoteSignature[] {
  return !signatures.includes(undefined)
}

/**
 * The keys that signed. Unknown names and ids are passed over; undefined where a known key's signature fails, which rejects
 * the whole note (C2SP signed-note).
 */
export function signersOf(note: SignedNote, keys: readonly NoteKey[]): NoteKey[] | undefined {
  const signers: NoteKey[] = []
  for (const signature of note.signatures) {
    const known = keys.find((key) => key.name === signature.name && key.id === signature.id)
    if (known === undefined) continue
    if (!signatureVerifies(note.text, signature.signature, known)) return undefined
    if (!signers.includes(known)) signers.push(known)
  }
  return signers
}

function signatureVerifies(text: string, signature: Buffer, key: NoteKey): boolean {
  if (key.algorithm === ED25519) return verifies(key.key, Buffer.from(text), signature)
  // C2SP tlog-cosignature: 8 bytes of POSIX seconds, then the signature.
  if (signature.length !== 72) return false
  const time = signature.readBigUInt64BE(0).toString()
  const message = Buffer.from(`cosignature/v1\ntime ${time}\n${text}`)
  return verifies(key.key, message, signature.subarray(8))
}

export interface Checkpoint {
  readonly origin: string
  readonly size: number
  readonly root: TreeHash
}

/** Undefined unless the text is a checkpoint. Extension lines are let through, as the format asks. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  const [origin, sizeText, rootText] = text.split('\n')
  const size = decimal(sizeText)
  const root = treeHashOfBase64(rootText ?? '')
  if (origin === undefined || origin === '' || size === undefined || root === undefined)
    return undefined
  const checkpoint = { origin, size, root }
  const bare = checkpointText(origin, size, root)
  return text.startsWith(bare) && !text.includes('\n\n') ? checkpoint : undefined
}
