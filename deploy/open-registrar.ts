/** The registrar's door, where the configuration has one: other gateways of the instance open their chains here. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { CommitReader } from '../adapters/ledger-journal/commit-reader.ts'
import type { Disk } from '../adapters/ledger-journal/disk.ts'
import { chainFolder } from '../adapters/ledger-journal/folders.ts'
import { identifyGateway } from '../certs/peer-identity.ts'
import { makeRegistrarListener } from '../gateway/http/registrar-listener.ts'
import type { Clock } from '../gateway/ports/clock.ts'
import { RegistrarDesk } from '../gateway/registry/registrar-desk.ts'
import type { GatewayConfig } from './config.ts'
import { orderObjection } from './duties/order-objection.ts'
import type { OpenedIdentity } from './open-identity.ts'
import type { OpenedRegistry } from './open-registry.ts'
import type { Report } from '../gateway/ports/telemetry.ts'

export interface OpenedRegistrar {
  readonly url: URL
  close(): Promise<void>
}

export async function openRegistrar(
  { data, registrar }: GatewayConfig,
  identity: OpenedIdentity,
  parts: {
    readonly registry: OpenedRegistry
    readonly clock: Clock
    readonly report: Report
  },
): Promise<OpenedRegistrar | undefined> {
  if (registrar === undefined || !('listen' in registrar)) return undefined
  const { clock, registry, report } = parts
  const listener = makeRegistrarListener({
    tls: () => identity.tls,
    identify: (certificate) => identifyGateway(certificate, identity.trust, 'client'),
    standing: identity.standing,
    clock,
    desk: registrarDesk(data, registry),
    report: (fault) => {
      report(`a fault at the registrar's door: ${fault instanceof Error ? fault.message : ''}`)
    },
  })
  const { host, port } = registrar.listen
  listener.listen(port, host)
  await once(listener, 'listening')
  const bound = listener.address() as AddressInfo
  return {
    url: new URL(`https://${host.includes(':') ? `[${host}]` : host}:${String(bound.port)}`),
    async close() {
      const closed = once(listener, 'close')
      listener.close()
      listener.closeAllConnections()
      await closed
    },
  }
}

/** `disk`: absent, the machine's. */
export function registrarDesk(data: string, registry: OpenedRegistry, disk?: Disk): RegistrarDesk {
  const { origin } = registry.chain
  const place = { folder: chainFolder(data, origin), origin, ...(disk && { disk }) }
  return new RegistrarDesk(registry, new CommitReader(place), {
    // Not the machine's: where that was set back, no leaf can be as early as it says.
    clock: registry.clock,
    orderObjection: (kind, record) => orderObjection(registry, kind, record),
  })
}
