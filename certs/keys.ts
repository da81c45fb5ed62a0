/** New private keys, PKCS #8 PEM. EC P-256 unless a department's system can only use RSA. */
import { generateKeyPairSync } from 'node:crypto'
import forge from 'node-forge'

export type KeyKind = 'ec' | 'rsa'

const RSA_BITS = 3072

export function generateKey(kind: KeyKind): string {
  return kind === 'rsa' ? generateRsaKey() : generateEcKey()
}

export function generateEcKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ type: 'pkcs8', format: 'pem' })
}

function generateRsaKey(): string {
  const { pki } = forge
  const { privateKey } = pki.rsa.generateKeyPair({ bits: RSA_BITS })
  const info = pki.wrapRsaPrivateKey(pki.privateKeyToAsn1(privateKey))
  return pki.privateKeyInfoToPem(info).replaceAll('\r\n', '\n')
}
