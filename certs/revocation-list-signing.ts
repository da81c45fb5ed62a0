/** Signs the issuing CA's revocation list. */
import type { Instant } from '../policies/vocabulary.ts'
import { pemOf } from './pem.ts'
import { signingKey } from './sign-certificate.ts'
import type { KeyedCertificate } from './sign-certificate.ts'
import {
  AuthorityKeyIdentifierExtension,
  Extension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CrlGenerator,
  X509CrlReason,
} from './x509.ts'

/** Reason codes of RFC 5280 §5.3.1 that fit; there is no `unspecified`: whoever revokes says why. */
export const REVOCATION_REASONS = [
  'keyCompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
] as const
export type RevocationReason = (typeof REVOCATION_REASONS)[number]

export interface RevokedCertificate {
  /** Hexadecimal. */
  readonly serial: string
  readonly at: Instant
  readonly reason: RevocationReason
}

export interface RevocationListText {
  /** At least 1, and higher than that of every list before. */
  readonly number: number
  readonly thisUpdate: Instant
  readonly nextUpdate: Instant
  readonly revoked: readonly RevokedCertificate[]
}

/** Answers PEM. */
export async function signRevocationList(
  issuing: KeyedCertificate,
  text: RevocationListText,
): Promise<string> {
  const certificate = new X509Certificate(issuing.certificate)
  const keyId = certificate.getExtension(SubjectKeyIdentifierExtension)?.keyId ?? ''
  const list = await X509CrlGenerator.create({
    issuer: certificate.subjectName,
    thisUpdate: new Date(text.thisUpdate),
    nextUpdate: new Date(text.nextUpdate),
    extensions: [new AuthorityKeyIdentifierExtension(keyId), crlNumber(text.number)],
    entries: text.revoked.map((entry) => ({
      serialNumber: entry.serial,
      revocationDate: new Date(entry.at),
      reason: X509CrlReason[entry.reason],
    })),
    signingKey: signingKey(issuing.key),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
  })
  // Not the library's own PEM: its label is `CRL`, which RFC 7468 §6 and OpenSSL do not know.
  return pemOf('X509 CRL', new Uint8Array(list.rawData))
}

/** CRL number (RFC 5280 §5.2.3): a non-critical INTEGER. */
function crlNumber(number: number): Extension {
  if (!Number.isSafeInteger(number) || number < 1)
    throw new RangeError('a list has a number from 1')
  const hex = number.toString(16)
  const even = hex.length % 2 === 0 ? hex : `0${hex}`
  const octets = Buffer.from(/^[89a-f]/.test(even) ? `00${even}` : even, 'hex')
  return new Extension(
    '2.5.29.20',
    false,
    Buffer.concat([Buffer.from([0x02, octets.length]), octets]),
  )
}
