/**
 * A certificate revocation list (RFC 5280 §5), read and verified without waiting, since a changed file is read between
 * two requests. Signed by the issuing CA, with number and next update, or not a list.
 */
import type { Instant } from '../policies/vocabulary.ts'
import { Malformed } from '../policies/vocabulary.ts'
import { readExtensions } from './certificate-fields.ts'
import { childrenOf, demand, integerOf, TAG, timeOf } from './der.ts'
import type { Der } from './der.ts'
import { derOfPem } from './pem.ts'
import { readSigned, signedWith } from './signed.ts'
import type { Trust } from './trust.ts'

export interface RevocationList {
  /** CRL number (RFC 5280 §5.2.3): a later list has a higher one. */
  readonly number: number
  readonly thisUpdate: Instant
  readonly nextUpdate: Instant
  /** How many serial numbers it holds. */
  readonly size: number
  /** Serial number in hexadecimal, lower case, no leading zeros, as in `Peer`. */
  has(serial: string): boolean
  /** The list as signed, so that it can be archived. */
  readonly der: Buffer
}

export type RevocationListFault = 'malformed' | 'foreign' | 'forged' | 'older'

/** A list that can't be used. `malformed`: not a CRL; `foreign`: another CA's; `forged`: bad signature; `older`: replayed. */
export class RevocationListRefused extends Error {
  override readonly name = 'RevocationListRefused'
  readonly fault: RevocationListFault
  constructor(fault: RevocationListFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.fault = fault
  }
}

const AUTHORITY_KEY_IDENTIFIER = '2.5.29.35'
const CRL_NUMBER = '2.5.29.20'

/** Throws `RevocationListRefused`. */
export function readRevocationList(pemOrDer: string | Uint8Array, issuer: Trust): RevocationList {
  try {
    const der =
      typeof pemOrDer === 'string' ? derOfPem('X509 CRL', pemOrDer) : Buffer.from(pemOrDer)
    return readList(der, issuer)
  } catch (cause) {
    if (cause instanceof Malformed) {
      throw new RevocationListRefused('malformed', `not a revocation list: ${cause.message}`, {
        cause,
      })
    }
    throw cause
  }
}

function readList(der: Buffer, issuer: Trust): RevocationList {
  const signed = readSigned(der)
  const parts = childrenOf(signed.tbs)
  if (integerOf(parts[0]) !== '1') throw new Malformed('a CRL of version 2')
  // The signed name of the algorithm must be the one that is used (RFC 5280 §5.1.1.2).
  if (!demand(parts[1], TAG.sequence).whole.equals(signed.algorithm.whole)) {
    throw new Malformed('one signature algorithm')
  }
  if (!demand(parts[2], TAG.sequence).whole.equals(issuer.issuingName)) {
    throw new RevocationListRefused('foreign', 'the revocation list is of another CA')
  }
  if (!signedWith(signed, issuer.issuing.publicKey)) {
    throw new RevocationListRefused('forged', 'the revocation list is not signed by the issuing CA')
  }
  return contents(parts, der)
}

function contents(parts: readonly Der[], der: Buffer): RevocationList {
  const wrapper = parts.at(-1)?.tag === 0xa0 ? parts.at(-1) : undefined
  const extensions = readExtensions(wrapper, [AUTHORITY_KEY_IDENTIFIER, CRL_NUMBER])
  const number = Number.parseInt(integerOf(extensions.get(CRL_NUMBER)), 16)
  if (!Number.isSafeInteger(number)) throw new Malformed('a CRL number of at most 53 bits')
  const serials = readSerials(parts.slice(5).find((part) => part.tag === TAG.sequence))
  return {
    number,
    thisUpdate: timeOf(parts[3]),
    nextUpdate: timeOf(parts[4]),
    size: serials.size,
    has: (serial) => serials.has(serial),
    der,
  }
}

function readSerials(revoked: Der | undefined): Set<string> {
  const serials = new Set<string>()
  for (const entry of revoked === undefined ? [] : childrenOf(revoked)) {
    const [serial, date, extensions] = childrenOf(demand(entry, TAG.sequence))
    timeOf(date)
    if (extensions !== undefined) refuseCritical(extensions)
    serials.add(integerOf(serial))
  }
  return serials
}

/** A critical entry extension could say that the entry is another CA's certificate (RFC 5280 §5.3). */
function refuseCritical(extensions: Der): void {
  for (const extension of childrenOf(demand(extensions, TAG.sequence))) {
    if (childrenOf(extension).length > 2) throw new Malformed('entries without critical extensions')
  }
}
