/**
 * Who is at the other end of a TLS connection. The handshake completes for any certificate (design §8), so the chain is
 * verified here and nowhere else. Everything in a certificate but the CA's signature is attacker-controlled until that
 * signature is verified.
 */
import { createHash } from 'node:crypto'
import type { X509Certificate } from 'node:crypto'
import { Digest, Instant, Malformed } from '../policies/vocabulary.ts'
import type { GatewayId, SubsystemId } from '../policies/vocabulary.ts'
import { certificateFields, CLIENT_AUTH, SERVER_AUTH } from './certificate-fields.ts'
import type { CertificateFields } from './certificate-fields.ts'
import { readIdentityUri, type Identity } from './identity.ts'
import type { Credential, IdentityRefusal, Peer, PeerFinding } from './peer.ts'
import { issued } from './trust.ts'
import type { Trust } from './trust.ts'

/** The consumer's side of our listener. Whether the certificate is in time and unrevoked is asked for each request. */
export function identifyPeer(certificate: X509Certificate | undefined, trust: Trust): PeerFinding {
  return identify(certificate, trust, CLIENT_AUTH)
}

export type ProviderRefusal = IdentityRefusal | 'Client.Identity.ClientMismatch'
export type ProviderFinding =
  | { readonly kind: 'identified'; readonly peer: Peer }
  | { readonly kind: 'refused'; readonly code: ProviderRefusal }

/**
 * The server that we connected to. Any member's certificate is not enough: it must carry the URI of the subsystem that
 * the registry names (`ClientMismatch`: it carries another's). Ask `Revocations.standing` for the peer before each use.
 */
export function findProvider(
  certificate: X509Certificate | undefined,
  trust: Trust,
  expected: SubsystemId,
): ProviderFinding {
  const finding = identify(certificate, trust, SERVER_AUTH)
  if (finding.kind === 'refused' || finding.peer.subsystem === expected) return finding
  return { kind: 'refused', code: 'Client.Identity.ClientMismatch' }
}

function identify(
  certificate: X509Certificate | undefined,
  trust: Trust,
  usage: string,
): PeerFinding {
  if (certificate === undefined) return refused('Client.Identity.CertificateMissing')
  if (!issued(certificate, trust.issuing)) return refused(codeOfStranger(certificate, trust))
  const fields = readFields(certificate)
  const subsystem = fields === undefined ? undefined : subsystemOf(fields, usage)
  if (fields === undefined || subsystem === undefined) {
    return refused('Client.Identity.CertificateUnsuitable')
  }
  return { kind: 'identified', peer: peerOf(certificate, fields.serial, { subsystem, trust }) }
}

export type GatewayFinding =
  | { readonly kind: 'identified'; readonly gateway: GatewayId; readonly credential: Credential }
  | { readonly kind: 'refused'; readonly code: IdentityRefusal }

/** Another gateway of the instance, at the registrar's door (`clientAuth`) or behind it (`serverAuth`). */
export function identifyGateway(
  certificate: X509Certificate | undefined,
  trust: Trust,
  role: 'client' | 'server',
): GatewayFinding {
  if (certificate === undefined) return refused('Client.Identity.CertificateMissing')
  if (!issued(certificate, trust.issuing)) return refused(codeOfStranger(certificate, trust))
  const fields = readFields(certificate)
  const usage = role === 'client' ? CLIENT_AUTH : SERVER_AUTH
  const id = fields === undefined ? undefined : identityFor(fields, usage)
  if (fields === undefined || id?.kind !== 'gateway') {
    return refused('Client.Identity.CertificateUnsuitable')
  }
  const credential = credentialOf(certificate, fields.serial, trust)
  return { kind: 'identified', gateway: id.id, credential }
}

/** Our own CA certificates come from us, but name no subsystem. */
function codeOfStranger(certificate: X509Certificate, trust: Trust): IdentityRefusal {
  const ours = issued(certificate, trust.root)
  return ours ? 'Client.Identity.CertificateUnsuitable' : 'Client.Identity.CertificateUntrusted'
}

function readFields(certificate: X509Certificate): CertificateFields | undefined {
  try {
    return certificateFields(certificate.raw)
  } catch (error) {
    if (error instanceof Malformed) return undefined
    throw error
  }
}

function subsystemOf(fields: CertificateFields, usage: string): SubsystemId | undefined {
  const identity = identityFor(fields, usage)
  return identity?.kind === 'subsystem' ? identity.id : undefined
}

function identityFor(fields: CertificateFields, usage: string): Identity | undefined {
  if (fields.ca || !fields.maySign || !fields.extendedKeyUsage.includes(usage)) return undefined
  const [uri, ...others] = fields.uris
  return uri === undefined || others.length > 0 ? undefined : readIdentityUri(uri)
}

function peerOf(
  certificate: X509Certificate,
  serial: string,
  { subsystem, trust }: { subsystem: SubsystemId; trust: Trust },
): Peer {
  return {
    subsystem,
    certificate: Digest.parse(createHash('sha256').update(certificate.raw).digest('base64url')),
    ...credentialOf(certificate, serial, trust),
  }
}

function credentialOf(certificate: X509Certificate, serial: string, trust: Trust): Credential {
  return {
    serial,
    notBefore: later(trust.notBefore, certificate.validFromDate),
    notAfter: sooner(trust.notAfter, certificate.validToDate),
  }
}

function later(a: Instant, b: Date): Instant {
  return Instant.ofMilliseconds(Math.max(a, b.getTime()))
}

function sooner(a: Instant, b: Date): Instant {
  return Instant.ofMilliseconds(Math.min(a, b.getTime()))
}

function refused(code: IdentityRefusal): Extract<PeerFinding, { kind: 'refused' }> {
  return { kind: 'refused', code }
}
