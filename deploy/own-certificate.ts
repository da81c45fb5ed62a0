/** The gateway's own certificate and key, read whole: what can't be used is told before anything rests on it. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { safeName, type Layout } from '../adapters/certs-folder/layout.ts'
import { certificateFields } from '../certs/certificate-fields.ts'
import { identityOf, identityUri } from '../certs/identity.ts'
import { issued, type Trust } from '../certs/trust.ts'
import type { GatewayId } from '../policies/vocabulary.ts'

export interface OwnTls {
  /** PEM of the gateway's certificate and the issuing CA's below it, of its key, and of the CAs. */
  readonly cert: string
  readonly key: string
  readonly ca: readonly [issuing: string, root: string]
}

export class OwnCertificateUnfit extends Error {
  override readonly name = 'OwnCertificateUnfit'
}

/** Throws `OwnCertificateUnfit`, or a file system's error. Whether it is in time is not asked here. */
export function readOwnCertificate(layout: Layout, gateway: GatewayId, trust: Trust): OwnTls {
  const identity = identityOf('gateway', gateway)
  const path = join(layout.issued, safeName(identity))
  const cert = readFileSync(`${path}.crt`, 'utf8')
  const key = readFileSync(`${path}.key`, 'utf8')
  const certificate = certificateIn(cert, `${path}.crt`)
  if (!issued(certificate, trust.issuing)) {
    throw new OwnCertificateUnfit(`${path}.crt was not issued by the CA in issuing.crt`)
  }
  const [uri] = certificateFields(certificate.raw).uris
  if (uri !== identityUri(identity)) {
    throw new OwnCertificateUnfit(`${path}.crt is not the certificate of ${identityUri(identity)}`)
  }
  if (!fits(certificate, key)) {
    throw new OwnCertificateUnfit(`${path}.key is not the key of ${path}.crt`)
  }
  // With the issuing CA's, so that a peer needs to know the root only.
  const [root, issuing] = trust.pem
  const tls: OwnTls = { cert: `${cert.trimEnd()}\n${issuing}`, key, ca: [issuing, root] }
  assertTaken(tls, path)
  return tls
}

/** By TLS itself: it refuses keys that are too short, and what else its version and configuration here hold for weak. */
function assertTaken({ ca, cert, key }: OwnTls, path: string): void {
  try {
    createSecureContext({ ca: [...ca], cert, key })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new OwnCertificateUnfit(
      `TLS does not take ${path}.crt with its key: ${why}. Issue another one (npx gongdao certs issue, or sign-csr)`,
      { cause },
    )
  }
}

function certificateIn(pem: string, path: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (cause) {
    throw new OwnCertificateUnfit(`${path} is not a certificate in PEM`, { cause })
  }
}

function fits(certificate: X509Certificate, key: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
}
