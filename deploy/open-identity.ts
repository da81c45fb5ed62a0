/** Who is who, from the certificates' folder: the trusted CA, the gateway's own certificate, the revocation list as it is now. */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { layoutOf, type Layout } from '../adapters/certs-folder/layout.ts'
import { watchRevocationList } from '../adapters/certs-folder/watch-revocation-list.ts'
import type { Credential, Standing } from '../certs/peer.ts'
import {
  readRevocationList,
  RevocationListRefused,
  type RevocationList,
} from '../certs/revocation-list.ts'
import type { Revocations } from '../certs/revocations.ts'
import { readTrust, type Trust } from '../certs/trust.ts'
import type { Instant } from '../policies/vocabulary.ts'
import { foldersOf, type GatewayConfig } from './config.ts'
import { OwnCertificateUnfit, readOwnCertificate, type OwnTls } from './own-certificate.ts'
import type { Report } from '../gateway/ports/telemetry.ts'

export interface OpenedIdentity {
  readonly trust: Trust
  /** As read last. */
  readonly tls: OwnTls
  readonly standing: (peer: Credential, now: Instant) => Standing
  /** Number of the revocation list in use. */
  readonly revocations: () => number
  /** The list in use, as its file is now. */
  readonly revocationList: () => RevocationList | undefined
  /** Why its file can't be used now; undefined where it can. */
  readonly revocationListFault: () => string | undefined
  /** Told at once, within whatever call noticed it, when another list takes effect. MUST NOT wait or throw. */
  onRevocationList(listener: (list: RevocationList) => void): void
  /**
   * Reads all files again. Throws in words for the operator where one can't be used. What was read is in use once the answer is
   * called; the revocation list is in use by itself.
   */
  readAgain(now: Instant): () => OwnTls
}

export function openIdentity(config: GatewayConfig, report: Report): OpenedIdentity {
  const layout = layoutOf(foldersOf(config.data).certs)
  const root = readFileSync(layout.rootCertificate, 'utf8')
  const issuing = readFileSync(layout.issuingCertificate, 'utf8')
  const trust = readTrust(root, issuing)
  let listFault: string | undefined
  const list = watched(layout, trust, {
    graceMs: config.revocationGraceMs,
    report: (fault, message) => {
      listFault = message
      report(`revocation list ${fault}: ${message}`)
    },
  })
  const { current, onChange } = noticing(oncePerTurn(list))
  let tls = readOwnCertificate(layout, config.gateway, trust)
  return {
    trust,
    get tls() {
      return tls
    },
    standing: (peer, now) => current().standing(peer, now),
    revocations: () => current().number,
    revocationList: () => current().list,
    revocationListFault() {
      // Only where there was one: the list that was good before may have been put back.
      if (listFault !== undefined && isGoodList(layout, trust, current().list)) {
        listFault = undefined
      }
      return listFault
    },
    onRevocationList: onChange,
    readAgain(now) {
      assertSameCa(layout, trust)
      const read = readOwnCertificate(layout, config.gateway, trust)
      assertInTime(read, now)
      assertGoodList(layout, trust, current().list)
      return () => {
        tls = read
        return tls
      }
    },
  }
}

function watched(
  { revocationList }: Layout,
  trust: Trust,
  options: Parameters<typeof watchRevocationList>[2],
): ReturnType<typeof watchRevocationList> {
  try {
    return watchRevocationList(revocationList, trust, options)
  } catch (fault) {
    if (!(fault instanceof RevocationListRefused)) throw fault
    const sentence = `${revocationList} is not the revocation list of this CA: ${fault.message}`
    throw new RevocationListRefused(
      fault.fault,
      `${sentence}. Publish one (npx gongdao certs crl), or put the last one back`,
      { cause: fault },
    )
  }
}

/** Every certificate and the registry's first leaf rest on it: another CA is another instance. */
function assertSameCa(layout: Layout, trust: Trust): void {
  const again = readTrust(
    readFileSync(layout.rootCertificate, 'utf8'),
    readFileSync(layout.issuingCertificate, 'utf8'),
  )
  if (again.pem.every((pem, at) => pem === trust.pem[at])) return
  throw new OwnCertificateUnfit('root.crt or issuing.crt is another CA than the one in use')
}

function assertInTime({ cert }: OwnTls, now: Instant): void {
  const { validFromDate, validToDate } = new X509Certificate(cert)
  if (validFromDate.getTime() <= now && now <= validToDate.getTime()) return
  throw new OwnCertificateUnfit(
    `the certificate of the gateway is good from ${validFromDate.toISOString()} to ${validToDate.toISOString()} only`,
  )
}

/** The list in use, or one that follows it: of two with one number, nobody can say which came later. */
function assertGoodList(layout: Layout, trust: Trust, held: RevocationList | undefined): void {
  const list = readRevocationList(readFileSync(layout.revocationList, 'latin1'), trust)
  if (held === undefined || list.number > held.number || list.der.equals(held.der)) return
  throw new RevocationListRefused(
    'older',
    `revocation list ${String(list.number)} does not follow list ${String(held.number)}, which is in use`,
  )
}

function isGoodList(...asked: Parameters<typeof assertGoodList>): boolean {
  try {
    assertGoodList(...asked)
    return true
  } catch {
    return false
  }
}

/** No list may take effect unnoticed, so it is compared wherever one is used. */
function noticing(watched: () => Revocations): {
  readonly current: () => Revocations
  readonly onChange: OpenedIdentity['onRevocationList']
} {
  const listeners: ((list: RevocationList) => void)[] = []
  let known = watched().list
  return {
    current() {
      const revocations = watched()
      const { list } = revocations
      if (list !== known && list !== undefined) {
        known = list
        for (const listener of listeners) listener(list)
      }
      return revocations
    },
    onChange(listener) {
      listeners.push(listener)
    },
  }
}

/**
 * Looks at most once in a turn of the event loop, however many requests it brings. A list that is replaced within the turn in
 * which a request is read acts all the same: standing is asked for again before the provider is asked and before the answer
 * leaves, both in later turns.
 */
function oncePerTurn<T>(look: () => T): () => T {
  let seen: { readonly value: T } | undefined
  return () => {
    if (seen === undefined) {
      seen = { value: look() }
      setImmediate(() => {
        seen = undefined
      })
    }
    return seen.value
  }
}
