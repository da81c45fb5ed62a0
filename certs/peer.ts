/** Who is at the other end of a TLS connection, as far as its certificate says. */
import type { Digest, Instant, SubsystemId } from '../policies/vocabulary.ts'

export interface Peer {
  readonly subsystem: SubsystemId
  /** SHA-256 of the certificate's DER. */
  readonly certificate: Digest
  /** Serial number, hexadecimal, lower case, no leading zeros. */
  readonly serial: string
  readonly notBefore: Instant
  readonly notAfter: Instant
}

export type IdentityRefusal =
  | 'Client.Identity.CertificateMissing'
  | 'Client.Identity.CertificateUntrusted'
  | 'Client.Identity.CertificateUnsuitable'

/** Found once per socket, since a resumed TLS session does not show the certificate again. */
export type PeerFinding =
  | { readonly kind: 'identified'; readonly peer: Peer }
  | { readonly kind: 'refused'; readonly code: IdentityRefusal }

/** Asked for each request: certificates expire and are revoked while a connection lives. */
export type Standing =
  | 'good'
  | 'Client.Identity.CertificateExpired'
  | 'Client.Identity.CertificateNotYetValid'
  | 'Client.Identity.CertificateRevoked'
  | 'Server.Identity.RevocationListStale'

/** What decides on the standing of a certificate, whoever it names. */
export type Credential = Pick<Peer, 'serial' | 'notBefore' | 'notAfter'>
