/** Signs one certificate as it is described: SHA-256, version 3, key identifiers on both ends. */
import { createHash, createPrivateKey } from 'node:crypto'
import type { KeyObject, webcrypto } from 'node:crypto'
import type { Instant } from '../policies/vocabulary.ts'
import { pemOf } from './pem.ts'
import {
  AuthorityKeyIdentifierExtension,
  Name,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from './x509.ts'
import type { Extension } from './x509.ts'

/** A certificate and the private key that belongs to it, both PEM (the key PKCS #8). */
export interface KeyedCertificate {
  readonly certificate: string
  readonly key: string
}

/** C=TW, O=全銜, OU=單位, CN (requirements §5.3). Read by people, never by us. */
export interface Subject {
  readonly organization: string
  readonly unit?: string
  readonly commonName: string
}

export interface CertificateText {
  readonly subject: Subject
  readonly publicKey: KeyObject
  readonly notBefore: Instant
  readonly notAfter: Instant
  readonly extensions: readonly Extension[]
  /** Hexadecimal. */
  readonly serial: string
}

export type RandomBytes = (count: number) => Uint8Array

/** `issuer` undefined: self-signed with `selfKey`. Answers PEM. */
export async function signCertificate(
  text: CertificateText,
  issuer: KeyedCertificate | { readonly selfKey: string },
): Promise<string> {
  const subject = nameOf(text.subject)
  const above = 'selfKey' in issuer ? undefined : new X509Certificate(issuer.certificate)
  const keyId = keyIdentifier(text.publicKey)
  const certificate = await X509CertificateGenerator.create({
    serialNumber: text.serial,
    subject,
    issuer: above === undefined ? subject : above.subjectName,
    notBefore: new Date(text.notBefore),
    notAfter: new Date(text.notAfter),
    publicKey: text.publicKey.export({ type: 'spki', format: 'der' }),
    signingKey: signingKey('selfKey' in issuer ? issuer.selfKey : issuer.key),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: [
      ...text.extensions,
      new SubjectKeyIdentifierExtension(keyId),
      new AuthorityKeyIdentifierExtension(above === undefined ? keyId : keyIdentifierIn(above)),
    ],
  })
  return pemOf('CERTIFICATE', new Uint8Array(certificate.rawData))
}

/** 16 random octets, positive and of full length, as RFC 5280 §4.1.2.2 wants them (at most 20). */
export function randomSerial(randomBytes: RandomBytes): string {
  const octets = Buffer.from(randomBytes(16))
  octets[0] = ((octets[0] ?? 0) & 0x7f) | 0x40
  return octets.toString('hex')
}

/** The private key as WebCrypto wants it for signing with SHA-256. */
export function signingKey(pem: string): webcrypto.CryptoKey {
  const key = createPrivateKey(pem)
  if (key.asymmetricKeyType === 'rsa') {
    return key.toCryptoKey({ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, false, ['sign'])
  }
  const namedCurve = key.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'P-384' : 'P-256'
  return key.toCryptoKey({ name: 'ECDSA', namedCurve }, false, ['sign'])
}

/** RFC 7093 §2, method 1: the leftmost 160 bits of the SHA-256 (here of the SubjectPublicKeyInfo). */
function keyIdentifier(key: KeyObject): string {
  const spki = key.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(spki).digest('hex').slice(0, 40)
}

function keyIdentifierIn(certificate: X509Certificate): string {
  const found = certificate.getExtension(SubjectKeyIdentifierExtension)
  if (found === null) throw new TypeError('the certificate of the CA has no subject key identifier')
  return found.keyId
}

/** RFC 5280 wants UTF8String but for the country; its upper bound is 64 characters a part. */
function nameOf(subject: Subject): Name {
  const unit = subject.unit === undefined ? [] : [{ OU: [{ utf8String: bounded(subject.unit) }] }]
  return new Name([
    { C: [{ printableString: 'TW' }] },
    { O: [{ utf8String: bounded(subject.organization) }] },
    ...unit,
    { CN: [{ utf8String: bounded(subject.commonName) }] },
  ])
}

function bounded(text: string): string {
  const characters = Array.from(text)
  if (characters.length === 0) throw new RangeError('a part of a subject is not empty')
  return characters.slice(0, 64).join('')
}
