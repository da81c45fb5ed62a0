/**
 * The registry at start (design §4): recovered, its leaf 0 made at the very first start, then documents and rules appended and
 * closed by a manifest, and the rules gated. It needs no other chain.
 */
import { chainFolder } from '../adapters/ledger-journal/folders.ts'
import { openJournal, type JournalPlace } from '../adapters/ledger-journal/open.ts'
import { openChain } from '../gateway/ledger/chain.ts'
import type { LedgerFault } from '../gateway/ledger/chain.ts'
import type { Chain } from '../gateway/ledger/entry.ts'
import { vkeyText } from '../gateway/ledger/note.ts'
import type { CutRecord, InstanceRecord } from '../gateway/ledger/registry-events.ts'
import type { LogSigner } from '../gateway/ledger/signer.ts'
import type { Clock } from '../gateway/ports/clock.ts'
import type { Telemetry } from '../gateway/ports/telemetry.ts'
import { RegistryView } from '../gateway/projections/registry-view.ts'
import type { Instant } from '../policies/vocabulary.ts'
import { documentCrypto } from '../gateway/registry/agreement-signatures.ts'
import { appendAll, type RegistryWriter } from '../gateway/registry/publish.ts'
import type { GatewayConfig } from './config.ts'
import { observeStorage } from './observe-storage.ts'
import type { OpenedReplication } from './open-replication.ts'
import type { ProvingArchive } from './open-witnessing.ts'

export interface OpenedRegistry extends RegistryWriter {
  readonly chain: Chain
  readonly archive: ProvingArchive
  /**
   * For what is recorded here: never earlier than the newest leaf, though the machine's clock was set back since. Times in a chain
   * never decrease (L12), and this chain is as old as the instance.
   */
  readonly clock: Clock
}

export async function openRegistry(
  config: Pick<GatewayConfig, 'data' | 'instance'>,
  ca: InstanceRecord['ca'],
  parts: {
    readonly clock: Clock
    readonly onFatal: (fault: LedgerFault) => void
    readonly signer: LogSigner
    readonly place?: JournalPlace
    readonly replication?: OpenedReplication | undefined
    readonly telemetry?: Telemetry | undefined
  },
): Promise<OpenedRegistry> {
  const origin = `${config.instance}/registry`
  const { signer } = parts
  const view = new RegistryView()
  const journal = await openJournal({
    folder: chainFolder(config.data, origin),
    origin,
    signer,
    twoPhase: true,
    ...parts.place,
    visit: ({ index, leaf, record }) => {
      view.take(index, leaf.kind, JSON.parse(record))
    },
  })
  const { archive, edge, storage } = journal
  const send = parts.replication?.follow(origin, edge.size)
  const opened = openChain({
    origin,
    signer,
    storage: observeStorage(storage, 'registry', parts.telemetry),
    edge,
    twoPhase: true,
    onDurable: (batch) => {
      archive.keep(batch)
      send?.(batch)
    },
    onFatal: parts.onFatal,
  })
  const chain = parts.replication?.guard(opened) ?? opened
  const clock = notBefore(parts.clock, () => view.latest)
  const registry = { archive, chain, clock, view, sha256: documentCrypto.sha256 }
  if (edge.size === 0) {
    const registrar = vkeyText(origin, signer.publicKey)
    await recordInstance(registry, { ca, instance: config.instance, registrar })
  }
  await recordCuts(registry, journal.cuts)
  return registry
}

/** Leaf 0. */
async function recordInstance(
  registry: OpenedRegistry,
  its: Pick<InstanceRecord, 'ca' | 'instance' | 'registrar'>,
): Promise<void> {
  const { issuing, root } = its.ca
  const { instance, registrar } = its
  const at = registry.clock.now()
  const record: InstanceRecord = { at, ca: { issuing, root }, instance, registrar, v: 1 }
  await appendAll(registry, [{ kind: 'instance', record: JSON.stringify(record) }])
}

export function notBefore(clock: Clock, latest: () => Instant | undefined): Clock {
  return {
    now() {
      const [now, known] = [clock.now(), latest()]
      return known === undefined || now > known ? now : known
    },
  }
}

async function recordCuts(
  registry: OpenedRegistry,
  cuts: readonly { readonly bytes: number; readonly hash: CutRecord['hash'] }[],
): Promise<void> {
  for (const { bytes, hash } of cuts) {
    if (registry.view.cuts.has(hash)) continue
    const record: CutRecord = { at: registry.clock.now(), bytes, hash, v: 1 }
    await appendAll(registry, [{ kind: 'cut', record: JSON.stringify(record) }])
  }
}
