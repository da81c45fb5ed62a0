/** Who is who, from the certificates' folder: the trusted CA, the gateway's own certificate, the revocation list as it is now. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { layoutOf, safeName } from '../adapters/certs-folder/layout.ts'
import { watchRevocationList } from '../adapters/certs-folder/watch-revocation-list.ts'
import { identityOf } from '../certs/identity.ts'
import type { Peer, Standing } from '../certs/peer.ts'
import type { RevocationList } from '../certs/revocation-list.ts'
import type { Revocations } from '../certs/revocations.ts'
import { readTrust, type Trust } from '../certs/trust.ts'
import type { Instant } from '../policies/vocabulary.ts'
import { foldersOf, type GatewayConfig } from './config.ts'

export interface OpenedIdentity {
  readonly trust: Trust
  /** PEM of the gateway's own certificate and key, and of the CAs. */
  readonly tls: { readonly cert: string; readonly key: string; readonly ca: readonly string[] }
  readonly standing: (peer: Peer, now: Instant) => Standing
  /** Number of the revocation list in use. */
  readonly revocations: () => number
  /** The list in use, as its file is now. */
  readonly revocationList: () => RevocationList | undefined
  /** Told at once, within whatever call noticed it, when another list takes effect. MUST NOT wait or throw. */
  onRevocationList(listener: (list: RevocationList) => void): void
}

export function openIdentity(
  config: GatewayConfig,
  report: (sentence: string) => void,
): OpenedIdentity {
  const layout = layoutOf(foldersOf(config.data).certs)
  const root = readFileSync(layout.rootCertificate, 'utf8')
  const issuing = readFileSync(layout.issuingCertificate, 'utf8')
  const trust = readTrust(root, issuing)
  const list = watchRevocationList(layout.revocationList, trust, {
    graceMs: config.revocationGraceMs,
    report: (fault, message) => {
      report(`revocation list ${fault}: ${message}`)
    },
  })
  const { current, onChange } = noticing(oncePerTurn(list))
  const own = join(layout.issued, safeName(identityOf('gateway', config.gateway)))
  return {
    trust,
    tls: {
      // With the issuing CA's, so that a peer needs to know the root only.
      cert: readFileSync(`${own}.crt`, 'utf8') + issuing,
      key: readFileSync(`${own}.key`, 'utf8'),
      ca: [issuing, root],
    },
    standing: (peer, now) => current().standing(peer, now),
    revocations: () => current().number,
    revocationList: () => current().list,
    onRevocationList: onChange,
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
