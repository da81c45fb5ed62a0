/**
 * Signing agreements and checking what was signed: ES256 (ECDSA P-256, the 64 bytes of IEEE P1363), RS256 (RSA of at
 * least 2048 bits, PKCS #1 v1.5 with SHA-256) and Ed25519, over RFC 8785 of `agreement` in UTF-8.
 */
import { createHash, createPublicKey, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { AgreementSignature } from '../../policies/agreement.ts'
import { canonicalJson } from '../../policies/canonical-json.ts'
import type { Json } from '../../policies/canonical-json.ts'
import type { DocumentCrypto } from '../../policies/documents/documents.ts'
import type { SigningKey } from '../../policies/member.ts'
import { Digest } from '../../policies/vocabulary.ts'
import type { MemberId } from '../../policies/vocabulary.ts'

/** What `readDocuments` is given everywhere outside of tests. */
export const documentCrypto: DocumentCrypto = {
  sha256,
  keyDigest(spki) {
    const key = publicKeyOf(spki)
    return key !== undefined && algorithmOf(key) !== undefined ? keyDigest(key) : undefined
  },
  verifies(text, { algorithm, value }, { spki }) {
    const key = publicKeyOf(spki)
    // The algorithm is the key's; a signature that claims another one is not looked at.
    if (key === undefined || algorithmOf(key) !== algorithm) return false
    const signature = Buffer.from(value, 'base64url')
    // Node skips what is not base64url: only the one canonical spelling counts.
    if (signature.toString('base64url') !== value) return false
    return verify(digestOf(algorithm), Buffer.from(text, 'utf8'), { key, ...ENCODING }, signature)
  },
}

/** `agreement` as it stands in the document, times as text. Throws when the key is of no kind that may sign. */
export function signAgreement(
  agreement: Json,
  member: MemberId,
  privateKey: KeyObject,
): AgreementSignature {
  const algorithm = algorithmOf(privateKey)
  if (algorithm === undefined) throw new TypeError('a key for ES256, RS256 or Ed25519')
  const text = Buffer.from(canonicalJson(agreement), 'utf8')
  const signature = sign(digestOf(algorithm), text, { key: privateKey, ...ENCODING })
  const key = keyDigest(createPublicKey(privateKey))
  return { member, algorithm, key, value: signature.toString('base64url') }
}

/** What a member document names in `signingKeys`. Takes the public or the private key. */
export function signingKeyOf(key: KeyObject): SigningKey {
  const publicKey = key.type === 'public' ? key : createPublicKey(key)
  return { key: keyDigest(publicKey), spki: spkiOf(publicKey).toString('base64') }
}

const ENCODING = { dsaEncoding: 'ieee-p1363' } as const
const LEAST_RSA_BITS = 2048

function algorithmOf(key: KeyObject): AgreementSignature['algorithm'] | undefined {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {}
  const kind = key.asymmetricKeyType
  if (kind === 'ed25519') return 'Ed25519'
  if (kind === 'ec' && namedCurve === 'prime256v1') return 'ES256'
  return kind === 'rsa' && modulusLength >= LEAST_RSA_BITS ? 'RS256' : undefined
}

/** Ed25519 hashes by itself. */
function digestOf(algorithm: AgreementSignature['algorithm']): 'sha256' | undefined {
  return algorithm === 'Ed25519' ? undefined : 'sha256'
}

function publicKeyOf(spki: string): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' })
  } catch {
    // Whatever the member document holds there, it is no key.
    return undefined
  }
}

function spkiOf(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' })
}

function keyDigest(key: KeyObject): Digest {
  return Digest.parse(createHash('sha256').update(spkiOf(key)).digest('base64url'))
}

function sha256(text: string): Digest {
  return Digest.parse(createHash('sha256').update(text, 'utf8').digest('base64url'))
}
