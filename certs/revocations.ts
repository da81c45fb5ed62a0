/**
 * The revocation list in force, and what it says about a peer at this moment. Asked for each request: certificates
 * expire and are revoked while a connection lives, and a resumed TLS session never shows its certificate again.
 */
import type { Instant } from '../policies/vocabulary.ts'
import type { Credential, Standing } from './peer.ts'
import { RevocationListRefused } from './revocation-list.ts'
import type { RevocationList } from './revocation-list.ts'

export class Revocations {
  #list: RevocationList | undefined
  #lastInstant: number
  readonly #graceMs: number

  /** Without a list nobody has a good standing. `graceMs`: how long a list is used after its next update was due. */
  constructor(list: RevocationList | undefined, graceMs: number) {
    this.#list = list
    this.#graceMs = graceMs
    this.#lastInstant = lastInstant(list, graceMs)
  }

  /** Number of the list in force; 0 while there is none. */
  get number(): number {
    return this.#list?.number ?? 0
  }

  get list(): RevocationList | undefined {
    return this.#list
  }

  /**
   * Puts a newer list in force. Throws `RevocationListRefused` (`older`) for a lower number, and for another list with
   * the same number: going back would give revoked certificates their standing back.
   */
  replace(list: RevocationList): void {
    const held = this.#list
    if (held !== undefined && (list.number < held.number || isRival(list, held))) {
      throw new RevocationListRefused(
        'older',
        `revocation list ${list.number} does not follow list ${held.number}`,
      )
    }
    this.#list = list
    this.#lastInstant = lastInstant(list, this.#graceMs)
  }

  standing(peer: Credential, now: Instant): Standing {
    // First, whether we know anything at all: a stale list says nothing about this certificate.
    if (this.#list === undefined || now > this.#lastInstant)
      return 'Server.Identity.RevocationListStale'
    if (now < peer.notBefore) return 'Client.Identity.CertificateNotYetValid'
    if (now > peer.notAfter) return 'Client.Identity.CertificateExpired'
    return this.#list.has(peer.serial) ? 'Client.Identity.CertificateRevoked' : 'good'
  }
}

function lastInstant(list: RevocationList | undefined, graceMs: number): number {
  return list === undefined ? 0 : list.nextUpdate + graceMs
}

function isRival(list: RevocationList, held: RevocationList): boolean {
  return list.number === held.number && !list.der.equals(held.der)
}
