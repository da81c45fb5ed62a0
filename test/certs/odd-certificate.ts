/** Certificates that our CA would never issue, signed with its real key (or with another's). */
import { createPublicKey, randomBytes, X509Certificate } from 'node:crypto'
import { generateKey } from '../../certs/keys.ts'
import { randomSerial, signCertificate } from '../../certs/sign-certificate.ts'
import type { KeyedCertificate } from '../../certs/sign-certificate.ts'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
} from '../../certs/x509.ts'
import { CLIENT_AUTH, SERVER_AUTH } from '../../certs/certificate-fields.ts'
import { Instant } from '../../policies/vocabulary.ts'

export interface Odd {
  /** GeneralNames: context tag (2 DNS, 6 URI, 1 e-mail) and text; absent: no subject alternative name at all. */
  readonly names?: readonly (readonly [tag: number, text: string])[]
  readonly usages?: readonly string[]
  readonly ca?: boolean
  readonly keyUsage?: KeyUsageFlags
  readonly more?: readonly Extension[]
}

export const GOOD_USAGES = [CLIENT_AUTH, SERVER_AUTH]
const DAY = 86_400_000

export async function oddFiles(issuer: KeyedCertificate, odd: Odd): Promise<KeyedCertificate> {
  const key = generateKey('ec')
  const now = Date.now()
  const certificate = await signCertificate(
    {
      subject: { organization: '示範機關', commonName: 'TW/GOV/MOF/income' },
      publicKey: createPublicKey(key),
      notBefore: Instant.ofMilliseconds(now - DAY),
      notAfter: Instant.ofMilliseconds(now + DAY),
      serial: randomSerial(randomBytes),
      extensions: extensionsOf(odd),
    },
    issuer,
  )
  return { certificate, key }
}

export async function oddCertificate(issuer: KeyedCertificate, odd: Odd): Promise<X509Certificate> {
  return new X509Certificate((await oddFiles(issuer, odd)).certificate)
}

export function sanOf(names: readonly (readonly [tag: number, text: string])[]): Extension {
  const parts = names.map(([tag, text]) => tlv(0x80 | tag, Buffer.from(text, 'utf8')))
  return new Extension('2.5.29.17', false, tlv(0x30, Buffer.concat(parts)))
}

export function tlv(tag: number, content: Uint8Array): Buffer<ArrayBuffer> {
  const { length } = content
  const header =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(header), content])
}

function extensionsOf(odd: Odd): Extension[] {
  const usages = odd.usages ?? GOOD_USAGES
  return [
    new BasicConstraintsExtension(odd.ca ?? false, undefined, true),
    new KeyUsagesExtension(odd.keyUsage ?? KeyUsageFlags.digitalSignature, true),
    ...(usages.length === 0 ? [] : [new ExtendedKeyUsageExtension([...usages])]),
    ...(odd.names === undefined ? [] : [sanOf(odd.names)]),
    ...(odd.more ?? []),
  ]
}
