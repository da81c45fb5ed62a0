/**
 * From a request made elsewhere (PKCS #10, RFC 2986) to a certificate. Of the request only the key is taken, once its
 * holder has proved to have the private half; the identity it asks for must be the one the registrar names, and
 * everything else it asks for (CA rights, usages, hosts, validity) is attacker-controlled and not even looked at.
 */
import { createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { Malformed } from '../policies/vocabulary.ts'
import { issueCertificate } from './authority.ts'
import type { CertificateOrder } from './authority.ts'
import { readExtensions, readUris } from './certificate-fields.ts'
import { childrenOf, demand, integerOf, oidOf, readDer, TAG } from './der.ts'
import type { Der } from './der.ts'
import { identityUri } from './identity.ts'
import { derOfPem } from './pem.ts'
import type { KeyedCertificate, RandomBytes } from './sign-certificate.ts'
import { readSigned, schemeIsKnown, signedWith } from './signed.ts'

/**
 * `malformed`: not a PKCS #10; `weak-key`: RSA below 2048 bits, another curve than P-256 or P-384, another kind of key;
 * `weak-signature`: SHA-1, or a scheme that we don't know; `unproven`: the signature is not the key's;
 * `wrong-identity`: the request does not ask for exactly the URI that the registrar named.
 */
export type RequestFault =
  'malformed' | 'weak-key' | 'weak-signature' | 'unproven' | 'wrong-identity'

export class RequestRefused extends Error {
  override readonly name = 'RequestRefused'
  readonly fault: RequestFault
  constructor(fault: RequestFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.fault = fault
  }
}

export interface CertificateRequest {
  readonly publicKey: KeyObject
  /** All URIs in the subject alternative name that it asks for. */
  readonly uris: readonly string[]
}

const EXTENSION_REQUEST = '1.2.840.113549.1.9.14'
const SUBJECT_ALT_NAME = '2.5.29.17'
const CURVES = ['prime256v1', 'secp384r1']
const LEAST_RSA_BITS = 2048
const MOST_RSA_BITS = 8192
const LEAST_RSA_EXPONENT = 65537n

/** The certificate (PEM) for the key of a request. Throws `RequestRefused`. */
export async function signCsr(
  issuing: KeyedCertificate,
  csrPem: string,
  order: Omit<CertificateOrder, 'publicKey'>,
  randomBytes: RandomBytes,
): Promise<string> {
  const { publicKey, uris } = readRequest(csrPem)
  const wanted = identityUri(order.identity)
  if (uris.length !== 1 || uris[0] !== wanted) {
    throw new RequestRefused('wrong-identity', `the request must name exactly one URI, ${wanted}`)
  }
  return issueCertificate(issuing, { ...order, publicKey }, randomBytes)
}

/** Reads a request and verifies the proof of possession. Throws `RequestRefused`. */
export function readRequest(csrPem: string): CertificateRequest {
  try {
    return read(derOfPem('CERTIFICATE REQUEST', csrPem))
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause
    throw new RequestRefused('malformed', `not a certificate request: ${cause.message}`, { cause })
  }
}

function read(der: Buffer): CertificateRequest {
  const signed = readSigned(der)
  const [version, subject, spki, attributes] = childrenOf(signed.tbs)
  if (integerOf(version) !== '0') throw new Malformed('version 1 of PKCS #10')
  demand(subject, TAG.sequence)
  const publicKey = strongKey(demand(spki, TAG.sequence).whole)
  if (!schemeIsKnown(signed)) {
    throw new RequestRefused('weak-signature', 'sign the request with SHA-256, SHA-384 or SHA-512')
  }
  if (!signedWith(signed, publicKey)) {
    throw new RequestRefused('unproven', 'the request is not signed with the key that it names')
  }
  return { publicKey, uris: requestedUris(attributes) }
}

function strongKey(spki: Buffer): KeyObject {
  const key = readKey(spki)
  // Explicit parameters can imitate a curve of good name (CVE-2020-0601); RFC 5480 §2.1.1 wants its name.
  if (!isStrong(key) || (key.asymmetricKeyType === 'ec' && !namesItsCurve(spki))) {
    throw new RequestRefused(
      'weak-key',
      'use an EC key on P-256 or P-384, or an RSA key of 2048 to 8192 bits with an exponent from 65537',
    )
  }
  return key
}

function readKey(spki: Buffer): KeyObject {
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' })
  } catch (cause) {
    throw new RequestRefused('weak-key', 'the public key cannot be read', { cause })
  }
}

function namesItsCurve(spki: Buffer): boolean {
  const [algorithm] = childrenOf(readDer(spki))
  const [, parameters] = childrenOf(demand(algorithm, TAG.sequence))
  return parameters?.tag === TAG.oid
}

function isStrong(key: KeyObject): boolean {
  const { namedCurve = '', modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'ec') return CURVES.includes(namedCurve)
  const sized = modulusLength >= LEAST_RSA_BITS && modulusLength <= MOST_RSA_BITS
  return key.asymmetricKeyType === 'rsa' && sized && publicExponent >= LEAST_RSA_EXPONENT
}

function requestedUris(attributes: Der | undefined): string[] {
  const found: string[] = []
  for (const attribute of attributes === undefined ? [] : childrenOf(demand(attributes, 0xa0))) {
    const [type, values] = childrenOf(demand(attribute, TAG.sequence))
    if (oidOf(type) !== EXTENSION_REQUEST) continue
    const names = readExtensions(demand(values, 0x31), 'all').get(SUBJECT_ALT_NAME)
    found.push(...readUris(names))
  }
  return found
}
