/**
 * The frame around a request and a revocation list (X.509 `SIGNED`): what was signed, the scheme, the signature.
 * RSA PKCS #1 v1.5 and ECDSA with SHA-256 or better; SHA-1 has no row here, so nothing signed with it passes.
 */
import { verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { bitsOf, childrenOf, demand, oidOf, readDer, TAG } from './der.ts'
import type { Der } from './der.ts'
import { Malformed } from '../policies/vocabulary.ts'

export interface Signed {
  /** To be signed: a SEQUENCE. */
  readonly tbs: Der
  /** DER of the AlgorithmIdentifier. */
  readonly algorithm: Der
  readonly signature: Buffer
}

interface Scheme {
  readonly hash: string
  readonly key: 'rsa' | 'ec'
}

const SCHEMES: Readonly<Record<string, Scheme>> = {
  '1.2.840.113549.1.1.11': { hash: 'sha256', key: 'rsa' },
  '1.2.840.113549.1.1.12': { hash: 'sha384', key: 'rsa' },
  '1.2.840.113549.1.1.13': { hash: 'sha512', key: 'rsa' },
  '1.2.840.10045.4.3.2': { hash: 'sha256', key: 'ec' },
  '1.2.840.10045.4.3.3': { hash: 'sha384', key: 'ec' },
  '1.2.840.10045.4.3.4': { hash: 'sha512', key: 'ec' },
}

/** Throws `Malformed`. */
export function readSigned(der: Uint8Array): Signed {
  const [tbs, algorithm, signature, ...others] = childrenOf(demand(readDer(der), TAG.sequence))
  if (others.length > 0) throw new Malformed('what was signed, an algorithm and a signature')
  return {
    tbs: demand(tbs, TAG.sequence),
    algorithm: demand(algorithm, TAG.sequence),
    signature: bitsOf(signature),
  }
}

/** Whether the scheme is one that we accept at all. */
export function schemeIsKnown(signed: Signed): boolean {
  return schemeOf(signed) !== undefined
}

export function signedWith(signed: Signed, key: KeyObject): boolean {
  const scheme = schemeOf(signed)
  if (scheme === undefined || scheme.key !== key.asymmetricKeyType) return false
  return verify(scheme.hash, signed.tbs.whole, key, signed.signature)
}

function schemeOf(signed: Signed): Scheme | undefined {
  const [oid] = childrenOf(signed.algorithm)
  return SCHEMES[oidOf(oid)]
}
