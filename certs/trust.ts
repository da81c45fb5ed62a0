/** The two certificates that everything else rests on: a root and the issuing CA below it. */
import { X509Certificate } from 'node:crypto'
import { Instant } from '../policies/vocabulary.ts'
import { certificateFields } from './certificate-fields.ts'

export interface Trust {
  readonly root: X509Certificate
  readonly issuing: X509Certificate
  /** PEM of both, as `ca` of a TLS context wants them. */
  readonly pem: readonly [string, string]
  /** DER of the issuing CA's name. */
  readonly issuingName: Buffer
  /** The time in which both are valid: no certificate below them is valid outside it. */
  readonly notBefore: Instant
  readonly notAfter: Instant
}

/** The CA certificates that were given do not make a chain: a fault of whoever set the gateway up. */
export class TrustBroken extends Error {
  override readonly name = 'TrustBroken'
}

/** Throws `TrustBroken` unless the root signed itself and the issuing CA, and both are CAs. */
export function readTrust(rootPem: string, issuingPem: string): Trust {
  const root = read(rootPem, 'root')
  const issuing = read(issuingPem, 'issuing')
  if (!root.ca || !issued(root, root))
    throw new TrustBroken('the root certificate is not a self-signed CA')
  if (!issuing.ca || !issued(issuing, root)) {
    throw new TrustBroken('the issuing certificate is not a CA signed by the root')
  }
  return {
    root,
    issuing,
    pem: [root.toString(), issuing.toString()],
    issuingName: certificateFields(issuing.raw).subject,
    notBefore: instant(Math.max(root.validFromDate.getTime(), issuing.validFromDate.getTime())),
    notAfter: instant(Math.min(root.validToDate.getTime(), issuing.validToDate.getTime())),
  }
}

/** Name, key identifiers and key usage fit, and the signature is the issuer's. */
export function issued(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

function read(pem: string, which: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (cause) {
    throw new TrustBroken(`the ${which} certificate cannot be read`, { cause })
  }
}

function instant(milliseconds: number): Instant {
  return Instant.ofMilliseconds(milliseconds)
}
