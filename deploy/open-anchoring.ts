/** Time-stamping as configured; without a configuration nothing is stamped. */
import { AnchorsFolder, anchorsFolder } from '../adapters/checkpoints-folder/anchors-folder.ts'
import { ledgerFolder } from '../adapters/ledger-journal/folders.ts'
import {
  stampChecker,
  timestampAuthority,
} from '../adapters/timestamp-rfc3161/timestamp-authority.ts'
import type { Chain, Head } from '../gateway/ledger/entry.ts'
import type { Chance, Clock } from '../gateway/ports/clock.ts'
import type { RegistryWriter } from '../gateway/registry/publish.ts'
import { Anchoring, keepAnchoring, type AnchorStatus } from './anchor-heads.ts'
import type { GatewayConfig } from './config.ts'
import { keepRoots, readRoots } from './timestamp-roots.ts'
import type { Report } from '../gateway/ports/telemetry.ts'

export interface OpenedAnchoring {
  /** Undefined where no authority is configured. */
  readonly status: () => AnchorStatus | undefined
  stop(): Promise<void>
}

interface Parts {
  readonly registry: RegistryWriter
  /** The exchange chain of this process. */
  readonly chain: Chain
  readonly clock: Clock
  readonly chance: Chance
  readonly report: Report
}

export async function openAnchoring(config: GatewayConfig, parts: Parts): Promise<OpenedAnchoring> {
  const { data, timestamps } = config
  if (timestamps === undefined) return { status: () => undefined, stop: () => Promise.resolve() }
  const { everyMs, policies, renewBeforeMs, timeoutMs, toleranceMs, url } = timestamps
  const rules = { roots: readRoots(timestamps.roots), ...(policies && { policies }) }
  keepRoots(data, rules.roots)
  const { chain, chance, clock, registry } = parts
  // Who writes a chain has it stamped: two that had the registry stamped would each make it grow for the other.
  const own = registry.isFollowed === true ? [chain] : [registry.chain, chain]
  const heads = (): readonly Head[] => own.map((each) => each.head())
  const authority = timestampAuthority({ ...rules, url, timeoutMs, toleranceMs, clock, chance })
  const folder = await AnchorsFolder.open(anchorsFolder(ledgerFolder(data)))
  const check = stampChecker(rules)
  const anchoring = await Anchoring.open({
    ...parts,
    gateway: config.gateway,
    heads,
    authority,
    check,
    folder,
    everyMs,
    renewBeforeMs,
  })
  const keeping = keepAnchoring(anchoring)
  return {
    status: () => anchoring.status(),
    async stop() {
      await keeping.stop()
      await folder.close()
    },
  }
}
