/**
 * Kafka's name of whoever shows a certificate: `User:` and the whole distinguished name in the spelling of Java's
 * `X500Principal.getName()` (RFC 2253, last part first). The whole name: a mapping rule that keeps only CN would make one
 * of two organisations' systems that have the same.
 */
import { X509Certificate } from 'node:crypto'
import { Malformed } from '../../policies/vocabulary.ts'

/** The attribute types that Java spells with a keyword; any other would be an object identifier and hexadecimal DER. */
const KEYWORDS = new Set(['CN', 'C', 'L', 'ST', 'O', 'OU', 'STREET', 'DC', 'UID'])

/** `pem`: one certificate. Throws `Malformed` for a name that Java would spell otherwise. */
export function kafkaPrincipal(pem: string): string {
  // Node prints one part a line, escaped as RFC 2253 says, and two values of one part joined with ` + `.
  const parts = new X509Certificate(pem).subject.split('\n').reverse()
  return `User:${parts.map(inJavaSpelling).join(',')}`
}

function inJavaSpelling(part: string): string {
  const [, keyword = '', escaped = ''] = /^([^=]+)=(.*)$/s.exec(part) ?? []
  const value = plain(escaped)
  if (!KEYWORDS.has(keyword) || part.includes(' + ') || /\p{Cc}/u.test(value)) {
    throw new Malformed('a certificate whose subject has CN, OU, O, L, ST, STREET, DC, UID and C')
  }
  return `${keyword}=${value.replace(/[,=+<>#;"\\]/g, '\\$&').replace(/^ +| +$/g, spaces)}`
}

function plain(escaped: string): string {
  return escaped.replace(/\\([0-9A-F]{2})|\\(.)/g, (_all, hex?: string, character?: string) =>
    hex === undefined ? (character ?? '') : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

function spaces(found: string): string {
  return found.replaceAll(' ', '\\ ')
}
