/** Who is who, from the certificates' folder: the trusted CA, the gateway's own certificate, the revocation list as it is now. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { layoutOf, safeName } from '../adapters/certs-folder/layout.ts'
import { watchRevocationList } from '../adapters/certs-folder/watch-revocation-list.ts'
import { identityOf } from '../certs/identity.ts'
import type { Peer, Standing } from '../certs/peer.ts'
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
}

export function openIdentity(
  config: GatewayConfig,
  report: (sentence: string) => void,
): OpenedIdentity {
  const layout = layoutOf(foldersOf(config.data).certs)
  const root = readFileSync(layout.rootCertificate, 'utf8')
  const issuing = readFileSync(layout.issuingCertificate, 'utf8')
  const trust = readTrust(root, issuing)
  const current = watchRevocationList(layout.revocationList, trust, {
    graceMs: config.revocationGraceMs,
    report: (fault, message) => {
      report(`revocation list ${fault}: ${message}`)
    },
  })
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
  }
}
