/** RFC 7468, strict: one block with the label that is expected, and nothing around it but white space at the end. */
import { Malformed } from '../policies/vocabulary.ts'

export type PemLabel = 'CERTIFICATE' | 'CERTIFICATE REQUEST' | 'X509 CRL'

export function pemOf(label: PemLabel, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

/** Throws `Malformed`. */
export function derOfPem(label: PemLabel, pem: string): Buffer {
  const lines = pem.trimEnd().split(/\r?\n/)
  const body = lines.slice(1, -1).join('')
  const framed =
    lines[0] === `-----BEGIN ${label}-----` && lines.at(-1) === `-----END ${label}-----`
  if (!framed || !/^[A-Za-z0-9+/]+={0,2}$/.test(body))
    throw new Malformed(`PEM with the label ${label}`)
  return Buffer.from(body, 'base64')
}
