/** The registrar of the configuration, over mutual TLS: whoever answers must be that gateway, and in good standing now. */
import type { X509Certificate } from 'node:crypto'
import { makeRegistrarClient } from '../adapters/registrar-client/registrar-client.ts'
import { identifyGateway } from '../certs/peer-identity.ts'
import type { Clock } from '../gateway/ports/clock.ts'
import type { Registrar } from '../gateway/ports/registrar.ts'
import type { OtherRegistrar } from './config/registrar.ts'
import type { OpenedIdentity } from './open-identity.ts'

export function reachRegistrar(
  { gateway, url }: OtherRegistrar,
  identity: OpenedIdentity,
  clock: Clock,
): Registrar {
  const objection = (certificate: X509Certificate | undefined): string | undefined => {
    const found = identifyGateway(certificate, identity.trust, 'server')
    if (found.kind === 'refused') return found.code
    if (found.gateway !== gateway) return 'it is the certificate of another gateway'
    const standing = identity.standing(found.credential, clock.now())
    return standing === 'good' ? undefined : standing
  }
  return makeRegistrarClient({ url, tls: () => identity.tls, objection })
}
