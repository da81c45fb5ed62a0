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
import { RegistryView } from '../gateway/projections/registry-view.ts'
import { documentCrypto } from '../gateway/registry/agreement-signatures.ts'
import { appendAll, type RegistryWriter } from '../gateway/registry/publish.ts'
import type { GatewayConfig } from './config.ts'

export interface OpenedRegistry extends RegistryWriter {
  readonly chain: Chain
}

export async function openRegistry(
  config: GatewayConfig,
  ca: InstanceRecord['ca'],
  parts: {
    readonly clock: Clock
    readonly onFatal: (fault: LedgerFault) => void
    readonly signer: LogSigner
    readonly place?: JournalPlace
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
  const chain = openChain({
    origin,
    signer,
    storage,
    edge,
    twoPhase: true,
    onDurable: archive.keep,
    onFatal: parts.onFatal,
  })
  const registry = { chain, view, sha256: documentCrypto.sha256 }
  if (edge.size === 0) {
    const record: InstanceRecord = {
      at: parts.clock.now(),
      ca: { issuing: ca.issuing, root: ca.root },
      instance: config.instance,
      registrar: vkeyText(origin, signer.publicKey),
      v: 1,
    }
    await appendAll(registry, [{ kind: 'instance', record: JSON.stringify(record) }])
  }
  await recordCuts(registry, journal.cuts, parts.clock)
  return registry
}

async function recordCuts(
  registry: RegistryWriter,
  cuts: readonly { readonly bytes: number; readonly hash: CutRecord['hash'] }[],
  clock: Clock,
): Promise<void> {
  for (const { bytes, hash } of cuts) {
    if (registry.view.cuts.has(hash)) continue
    const record: CutRecord = { at: clock.now(), bytes, hash, v: 1 }
    await appendAll(registry, [{ kind: 'cut', record: JSON.stringify(record) }])
  }
}
