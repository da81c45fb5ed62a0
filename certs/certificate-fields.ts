/**
 * What a certificate says about itself, read from its DER. Node's textual `subjectAltName` is not used: a DNS name may
 * hold `, URI:urn:gongdao:…` (attacker-controlled), and only the tag of a GeneralName says what it is.
 */
import { Malformed } from '../policies/vocabulary.ts'
import { booleanOf, childrenOf, demand, integerOf, oidOf, readDer, TAG } from './der.ts'
import type { Der } from './der.ts'

export interface CertificateFields {
  /** Hexadecimal, lower case, no leading zeros. */
  readonly serial: string
  readonly ca: boolean
  /** The key may make signatures (RFC 5280 §4.2.1.3), or no key usage is named. */
  readonly maySign: boolean
  /** Object identifiers; empty where there is no such extension. */
  readonly extendedKeyUsage: readonly string[]
  readonly uris: readonly string[]
  /** DER of the subject's Name. */
  readonly subject: Buffer
}

export const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
export const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'

const SUBJECT_KEY_IDENTIFIER = '2.5.29.14'
const KEY_USAGE = '2.5.29.15'
const SUBJECT_ALT_NAME = '2.5.29.17'
const BASIC_CONSTRAINTS = '2.5.29.19'
const AUTHORITY_KEY_IDENTIFIER = '2.5.29.35'
const EXTENDED_KEY_USAGE = '2.5.29.37'
const UNDERSTOOD = [
  SUBJECT_KEY_IDENTIFIER,
  KEY_USAGE,
  SUBJECT_ALT_NAME,
  BASIC_CONSTRAINTS,
  AUTHORITY_KEY_IDENTIFIER,
  EXTENDED_KEY_USAGE,
]

/** Throws `Malformed`, also for a critical extension that is not understood (RFC 5280 §4.2). */
export function certificateFields(der: Uint8Array): CertificateFields {
  const [tbs] = childrenOf(demand(readDer(der), TAG.sequence))
  const parts = childrenOf(demand(tbs, TAG.sequence))
  // version [0], serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo, …, extensions [3]
  demand(parts[0], 0xa0)
  const extensions = readExtensions(
    parts.find((part) => part.tag === 0xa3),
    UNDERSTOOD,
  )
  return {
    serial: integerOf(parts[1]),
    subject: demand(parts[5], TAG.sequence).whole,
    ca: isCa(extensions.get(BASIC_CONSTRAINTS)),
    maySign: maySign(extensions.get(KEY_USAGE)),
    extendedKeyUsage: childrenOrNone(extensions.get(EXTENDED_KEY_USAGE)).map(oidOf),
    uris: readUris(extensions.get(SUBJECT_ALT_NAME)),
  }
}

/**
 * The extensions by object identifier, none of them twice. `wrapper` is the value around the list of them; `all`: none of
 * them is acted upon, so a critical one need not be understood.
 */
export function readExtensions(
  wrapper: Der | undefined,
  understood: readonly string[] | 'all',
): Map<string, Der> {
  const found = new Map<string, Der>()
  if (wrapper === undefined) return found
  const [list, ...others] = childrenOf(wrapper)
  if (others.length > 0) throw new Malformed('one list of extensions')
  for (const extension of childrenOf(demand(list, TAG.sequence))) {
    const { oid, critical, value } = readExtension(extension)
    if (found.has(oid)) throw new Malformed('no extension twice')
    if (critical && understood !== 'all' && !understood.includes(oid)) {
      throw new Malformed('critical extensions that are understood')
    }
    found.set(oid, value)
  }
  return found
}

function readExtension(extension: Der): { oid: string; critical: boolean; value: Der } {
  const parts = childrenOf(demand(extension, TAG.sequence))
  const critical = parts.length === 3 && booleanOf(parts[1])
  if (parts.length < 2 || parts.length > 3) throw new Malformed('an extension')
  return {
    oid: oidOf(parts[0]),
    critical,
    value: readDer(demand(parts.at(-1), TAG.octetString).content),
  }
}

/** All URIs of a GeneralNames value: context tag 6, primitive. */
export function readUris(names: Der | undefined): string[] {
  return childrenOrNone(names)
    .filter((name) => name.tag === 0x86)
    .map((name) => name.content.toString('latin1'))
}

function childrenOrNone(value: Der | undefined): Der[] {
  return value === undefined ? [] : childrenOf(demand(value, TAG.sequence))
}

function isCa(constraints: Der | undefined): boolean {
  const [ca] = childrenOrNone(constraints)
  return ca?.tag === TAG.boolean && booleanOf(ca)
}

function maySign(usage: Der | undefined): boolean {
  if (usage === undefined) return true
  const bits = demand(usage, TAG.bitString).content[1] ?? 0
  return (bits & 0x80) !== 0
}
