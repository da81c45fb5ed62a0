/** Certificates of time-stamping authorities as they should be, and as they should not be. */
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { webcrypto } from 'node:crypto'

x509.cryptoProvider.set(webcrypto)

export const TSA_POLICY = '1.2.3.4.1'
const TIME_STAMPING = '1.3.6.1.5.5.7.3.8'
const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const YEAR = 365 * 86_400_000

export interface SignerChanges {
  /** Milliseconds. */
  readonly notBefore?: number
  readonly notAfter?: number
  readonly purposes?: readonly string[]
  readonly purposeIsCritical?: boolean
  readonly selfSigned?: boolean
  /** Another authority's root, of the same name. */
  readonly otherRoot?: boolean
}

/** PEM. */
export interface StampSigner {
  readonly certificate: string
  readonly key: string
  readonly root: string
  readonly rootKeys: CryptoKeyPair
}

/** `before`: the same root signs the new certificate. */
export async function makeSigner(
  changes: SignerChanges,
  before?: StampSigner,
): Promise<StampSigner> {
  const isKept = before !== undefined && changes.otherRoot !== true
  const rootKeys = isKept ? before.rootKeys : await keyPair()
  const root = isKept ? new x509.X509Certificate(before.root) : await makeRoot(rootKeys)
  const keys = await keyPair()
  const name = `CN=Test time-stamping authority ${String(serials)}`
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: nextSerial(),
    subject: name,
    issuer: changes.selfSigned === true ? name : root.subject,
    notBefore: new Date(changes.notBefore ?? Date.now() - YEAR),
    notAfter: new Date(changes.notAfter ?? Date.now() + YEAR),
    publicKey: keys.publicKey,
    signingKey: changes.selfSigned === true ? keys.privateKey : rootKeys.privateKey,
    signingAlgorithm: EC,
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(
        [...(changes.purposes ?? [TIME_STAMPING])],
        changes.purposeIsCritical ?? true,
      ),
    ],
  })
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return {
    certificate: certificate.toString('pem'),
    key: x509.PemConverter.encode(der, 'PRIVATE KEY'),
    root: root.toString('pem'),
    rootKeys,
  }
}

function makeRoot(keys: CryptoKeyPair): Promise<x509.X509Certificate> {
  return x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: nextSerial(),
    name: 'CN=Test time-stamping root',
    notBefore: new Date(Date.UTC(2000)),
    notAfter: new Date(Date.UTC(2100)),
    keys,
    signingAlgorithm: EC,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  })
}

function keyPair(): Promise<CryptoKeyPair> {
  return webcrypto.subtle.generateKey(EC, true, ['sign', 'verify'])
}

let serials = 0

function nextSerial(): string {
  serials += 1
  return serials.toString(16).padStart(4, '0')
}
