/** The registry and the law of a gateway: its own, or those of the registrar that its configuration names. */
import type { InstanceRecord } from '../gateway/ledger/registry-events.ts'
import { parseVkey } from '../gateway/ledger/note.ts'
import { archiveRevocations } from './archive-revocations.ts'
import type { GatewayConfig } from './config.ts'
import { registrarOf } from './config/registrar.ts'
import { followLaw } from './follow-law.ts'
import { openFollowedRegistry, type OpenedFollowedRegistry } from './open-followed-registry.ts'
import type { OpenedIdentity } from './open-identity.ts'
import { openLaw, type LawOptions, type OpenedLaw } from './open-law.ts'
import { openRegistrar } from './open-registrar.ts'
import { openRegistry, type OpenedRegistry } from './open-registry.ts'
import { reachRegistrar } from './reach-registrar.ts'
import type { Report } from '../gateway/ports/telemetry.ts'

type Told = LawOptions & { readonly report: Report }

/** Why another's registry can't be followed or obeyed; undefined: it is. */
export type Following = () => string | undefined

/** The key that verifiers pin for the registry. */
export function registryKey(config: GatewayConfig, own: Uint8Array): Uint8Array {
  const registrar = registrarOf(config)
  return (registrar && parseVkey(registrar.key)?.publicKey) ?? own
}

export async function registryOf(
  config: GatewayConfig,
  identity: OpenedIdentity,
  parts: Parameters<typeof openRegistry>[2] & Pick<Told, 'report'>,
): Promise<OpenedRegistry> {
  const registrar = registrarOf(config)
  if (registrar !== undefined) {
    const reached = reachRegistrar(registrar, identity, parts.clock)
    return openFollowedRegistry({ ...config, registrar }, { ...parts, registrar: reached })
  }
  const [issuing, root] = identity.tls.ca
  const ca: InstanceRecord['ca'] = { issuing, root }
  return openRegistry(config, ca, parts)
}

/** What takes force, the revocation lists on record, and the door for other gateways where there is one. */
export async function openLawAndDoor(
  config: GatewayConfig,
  identity: OpenedIdentity,
  parts: Told & {
    readonly registry: OpenedRegistry
    readonly opened: (() => Promise<void> | void)[]
  },
): Promise<{
  readonly law: OpenedLaw
  readonly registrar: URL | undefined
  readonly following: Following | undefined
}> {
  const { opened, registry, report } = parts
  if (isFollowed(registry)) {
    opened.push(() => {
      registry.stop()
    })
    const law = await followLaw(config, registry, parts)
    return { law, registrar: undefined, following: () => registry.trouble() ?? law.trouble() }
  }
  const law = await openLaw(config, registry, parts)
  // Whoever writes the registry archives the lists; the others have the same ones.
  const archiving = await archiveRevocations(registry, identity, report)
  opened.push(() => archiving.stop())
  const door = await openRegistrar(config, identity, parts)
  if (door !== undefined) opened.push(() => door.close())
  return { law, registrar: door?.url, following: undefined }
}

function isFollowed(registry: OpenedRegistry): registry is OpenedFollowedRegistry {
  return 'follow' in registry
}
