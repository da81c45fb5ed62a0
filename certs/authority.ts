/**
 * The certification authority: a root that signs one issuing CA, which signs everything else. Certificates say who
 * (one SAN URI) and what for (extended key usage); names in the subject are for people.
 */
import { createPublicKey, X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { isIP } from 'node:net'
import { Instant } from '../policies/vocabulary.ts'
import { identityUri } from './identity.ts'
import type { Identity } from './identity.ts'
import { generateEcKey } from './keys.ts'
import { randomSerial, signCertificate } from './sign-certificate.ts'
import type { KeyedCertificate, RandomBytes } from './sign-certificate.ts'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
} from './x509.ts'
import type { Extension } from './x509.ts'

export interface Authority {
  readonly root: KeyedCertificate
  readonly issuing: KeyedCertificate
}

export interface CertificateOrder {
  readonly identity: Identity
  readonly publicKey: KeyObject
  readonly organization: string
  readonly unit?: string
  /** DNS names and IP addresses of TLS servers; none for a member's signing certificate. */
  readonly hosts: readonly string[]
  readonly notBefore: Instant
  readonly notAfter: Instant
}

export const LOCAL_HOSTS: readonly string[] = ['localhost', '127.0.0.1']

const DAY = 86_400_000
const ROOT_DAYS = 20 * 365
const ISSUING_DAYS = 10 * 365

/** Root (DEMO-GRCA) and issuing CA (DEMO-GCA), EC P-256, valid from `notBefore` for 20 and 10 years. */
export async function createAuthority(
  organization: string,
  notBefore: Instant,
  randomBytes: RandomBytes,
): Promise<Authority> {
  const root = await caCertificate({ commonName: 'DEMO-GRCA', days: ROOT_DAYS, pathLength: 1 })
  const issuing = await caCertificate(
    { commonName: 'DEMO-GCA', days: ISSUING_DAYS, pathLength: 0 },
    root,
  )
  return { root, issuing }

  async function caCertificate(
    ca: { commonName: string; days: number; pathLength: number },
    issuer?: KeyedCertificate,
  ): Promise<KeyedCertificate> {
    const key = generateEcKey()
    const text = {
      subject: { organization, commonName: ca.commonName },
      publicKey: createPublicKey(key),
      notBefore,
      notAfter: Instant.ofMilliseconds(notBefore + ca.days * DAY),
      serial: randomSerial(randomBytes),
      extensions: [
        new BasicConstraintsExtension(true, ca.pathLength, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ],
    }
    return { certificate: await signCertificate(text, issuer ?? { selfKey: key }), key }
  }
}

/** Signs the certificate that the registrar ordered; answers PEM. Throws `RangeError` where it would outlive the CA. */
export async function issueCertificate(
  issuing: KeyedCertificate,
  order: CertificateOrder,
  randomBytes: RandomBytes,
): Promise<string> {
  const { organization, unit } = order
  if (order.notAfter > new X509Certificate(issuing.certificate).validToDate.getTime()) {
    throw new RangeError('a certificate may not outlive the CA that issued it')
  }
  const commonName = decodeURIComponent(order.identity.id)
  return signCertificate(
    {
      subject:
        unit === undefined ? { organization, commonName } : { organization, unit, commonName },
      publicKey: order.publicKey,
      notBefore: order.notBefore,
      notAfter: order.notAfter,
      serial: randomSerial(randomBytes),
      extensions: leafExtensions(order.identity, order.hosts),
    },
    issuing,
  )
}

function leafExtensions(identity: Identity, hosts: readonly string[]): Extension[] {
  const names = [
    { type: 'url' as const, value: identityUri(identity) },
    ...hosts.map((host) => ({
      type: isIP(host) === 0 ? ('dns' as const) : ('ip' as const),
      value: host,
    })),
  ]
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    // A member's certificate signs documents: with no TLS usage it can never open a connection.
    ...(identity.kind === 'member'
      ? []
      : [
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth, ExtendedKeyUsage.serverAuth]),
        ]),
    new SubjectAlternativeNameExtension(names),
  ]
}
