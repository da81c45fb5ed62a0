import { X509Certificate } from 'node:crypto'

/** The certificates of a PEM text, whatever stands between them. Throws where one can't be read. */
export function pemCertificates(text: string): X509Certificate[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return blocks.map((block) => new X509Certificate(block))
}
