/**
 * A new exchange chain for this process (design D7): the chain before is recovered and closed, the genesis is durable in the
 * registry, and only then is a leaf recorded.
 */
import { nodeDisk } from '../adapters/ledger-journal/disk.ts'
import { chainFolder } from '../adapters/ledger-journal/folders.ts'
import { LeafArchive } from '../adapters/ledger-journal/leaf-archive.ts'
import { makeTailDurable } from '../adapters/ledger-journal/make-tail-durable.ts'
import { openJournal, type JournalPlace } from '../adapters/ledger-journal/open.ts'
import { recover } from '../adapters/ledger-journal/recover.ts'
import { openChain } from '../gateway/ledger/chain.ts'
import type { LedgerFault, OpenChain } from '../gateway/ledger/chain.ts'
import type { Entry } from '../gateway/ledger/entry.ts'
import type { HeadsRecord, OpeningRecord } from '../gateway/ledger/events.ts'
import { digestOfTreeHash } from '../gateway/ledger/hash.ts'
import { vkeyText } from '../gateway/ledger/note.ts'
import type { ClosureRecord, GenesisRecord } from '../gateway/ledger/registry-events.ts'
import type { LogSigner } from '../gateway/ledger/signer.ts'
import { EMPTY_EDGE, rootOf } from '../gateway/ledger/tree.ts'
import type { Clock } from '../gateway/ports/clock.ts'
import type { LeafReader } from '../gateway/ports/leaf-reader.ts'
import type { Telemetry } from '../gateway/ports/telemetry.ts'
import { REPEAT_HONOURED_MS } from '../gateway/projections/repeats.ts'
import { OpenIntents } from '../gateway/exchange/recover-outcomes.ts'
import type { LeafPlace } from '../gateway/projections/exchange-history.ts'
import { appendAll } from '../gateway/registry/publish.ts'
import type { Instant } from '../policies/vocabulary.ts'
import type { GatewayConfig } from './config.ts'
import { observeStorage } from './observe-storage.ts'
import type { OpenedRegistry } from './open-registry.ts'
import type { OpenedReplication } from './open-replication.ts'
import type { OpenedWitnessing } from './open-witnessing.ts'

export interface OpenedExchangeChain {
  readonly chain: OpenChain
  /** By name: its own, and those of the earlier chains that were read. */
  readonly archives: ReadonlyMap<string, LeafReader>
  /** Intents of earlier incarnations that have no outcome yet. */
  readonly open: OpenIntents
}

export type Visit = (place: LeafPlace, kind: string, record: unknown) => void

interface Parts {
  readonly clock: Clock
  readonly onFatal: (fault: LedgerFault) => void
  readonly signer: LogSigner
  readonly revocations: () => number
  /** Each leaf of the earlier chains that are read anyway, oldest first. */
  readonly visit: Visit
  readonly telemetry?: Telemetry | undefined
  readonly place?: JournalPlace
  readonly replication?: OpenedReplication | undefined
  /** Publishes the chain, and holds it back until its genesis is cosigned; absent: nobody is told of it. */
  readonly witnessing?: Pick<OpenedWitnessing, 'add' | 'covers'>
  /** As of `openChain`; absent: `setImmediate`. */
  readonly soon?: (go: () => void) => void
}

export async function openExchangeChain(
  config: GatewayConfig,
  registry: OpenedRegistry,
  parts: Parts,
): Promise<OpenedExchangeChain> {
  const { signer } = parts
  const earlier = registry.view.geneses.filter(({ record }) => record.gateway === config.gateway)
  const open = new OpenIntents()
  const archives = new Map<string, LeafArchive>()
  const before = await closeEarlier(config, registry, {
    ...{ ...parts, archives, open },
    publicKey: signer.publicKey,
    earlier: earlier.map(({ record }) => record),
  })
  const n = (earlier.at(-1)?.record.n ?? 0) + 1
  const origin = `${config.instance}/exchange/${config.gateway}/${String(n)}`
  const genesis: GenesisRecord = {
    at: registry.clock.now(),
    chain: origin,
    gateway: config.gateway,
    key: vkeyText(origin, signer.publicKey),
    n,
    ...(before && { predecessor: { chain: before.chain, root: before.root, size: before.size } }),
    v: 1,
  }
  const genesisIndex = await appendAll(registry, [
    { kind: 'genesis', record: JSON.stringify(genesis) },
  ])
  // Nothing is recorded before the witnesses have seen the chain opened (D7): a chain in secret has no cosignatures.
  await parts.witnessing?.covers(registry.chain.origin, genesisIndex)
  const { archive, chain } = await begin(config, registry, { ...parts, origin, genesisIndex })
  return { archives: archives.set(origin, archive), chain, open }
}

/** Its journal, and leaf 0. */
async function begin(
  config: GatewayConfig,
  registry: OpenedRegistry,
  parts: Parts & { readonly origin: string; readonly genesisIndex: number },
): Promise<{ readonly archive: LeafArchive; readonly chain: OpenChain }> {
  const { genesisIndex, origin, signer } = parts
  const journal = await openJournal({
    folder: chainFolder(config.data, origin),
    origin,
    signer,
    twoPhase: false,
    ...parts.place,
  })
  const send = parts.replication?.follow(origin, journal.edge.size)
  const chain = openChain({
    origin,
    signer,
    storage: observeStorage(journal.storage, 'exchange', parts.telemetry),
    edge: journal.edge,
    twoPhase: false,
    beforeBatch: headsWatcher(registry, parts.revocations),
    onDurable: (batch) => {
      journal.archive.keep(batch)
      send?.(batch)
    },
    onFatal: parts.onFatal,
    soon: parts.soon ?? setImmediate,
    ...(parts.telemetry && { now: parts.telemetry.now }),
  })
  const genesis = { registry: registry.chain.origin, index: genesisIndex }
  parts.witnessing?.add(origin, journal.archive, genesis)
  const opening: OpeningRecord = {
    at: parts.clock.now(),
    chain: origin,
    genesis: genesisIndex,
    v: 1,
  }
  await chain.append({ kind: 'opening', record: JSON.stringify(opening) })
  return { chain, archive: journal.archive }
}

/** Of the earlier chains: every witness is asked for complaints about each that is published, however often a gateway starts in a day. */
const MOST_PUBLISHED = 8

interface Closing extends Parts {
  readonly open: OpenIntents
  /** Of the chains that were read. */
  readonly archives: Map<string, LeafArchive>
  readonly publicKey: Uint8Array
  readonly earlier: readonly GenesisRecord[]
}

/**
 * Reads the earlier chains that still matter, oldest first, and closes the newest in the registry. Undefined: this is the gateway's
 * first chain.
 */
async function closeEarlier(
  config: GatewayConfig,
  registry: OpenedRegistry,
  closing: Closing,
): Promise<ClosureRecord | undefined> {
  const newest = closing.earlier.at(-1)
  if (newest === undefined) return undefined
  let closure: ClosureRecord | undefined
  for (const genesis of closing.earlier.slice(firstToRead(registry, closing))) {
    closure = await readChain(config, genesis, { ...closing, at: registry.clock.now() })
  }
  const archives = [...closing.archives.values()].slice(-MOST_PUBLISHED)
  for (const archive of archives) publishEnd(registry, closing, archive)
  const known = registry.view.closures.get(newest.chain)
  if (known !== undefined || closure === undefined) return known
  await appendAll(registry, [{ kind: 'closure', record: JSON.stringify(closure) }])
  return closure
}

/** What a crash left unpublished of a chain: its departments hold receipts that nobody else has seen the tree of. */
function publishEnd(registry: OpenedRegistry, { witnessing }: Closing, archive: LeafArchive): void {
  const { origin } = archive
  const genesis = registry.view.geneses.findLast(({ record }) => record.chain === origin)
  const place = genesis && { registry: registry.chain.origin, index: genesis.index }
  witnessing?.add(origin, archive, place)
}

/** From the last sealed chain on, since that one left nothing open, and as far back as an Idempotency-Key is honoured. */
function firstToRead(registry: OpenedRegistry, { earlier, clock }: Closing): number {
  const closureOf = ({ chain }: GenesisRecord): ClosureRecord | undefined =>
    registry.view.closures.get(chain)
  const sealed = earlier.findLastIndex((genesis) => closureOf(genesis)?.sealed === true)
  const since = clock.now() - REPEAT_HONOURED_MS
  const recent = earlier.findIndex((genesis) => (closureOf(genesis)?.at ?? Infinity) > since)
  return Math.max(0, Math.min(sealed, recent === -1 ? earlier.length : recent))
}

async function readChain(
  config: GatewayConfig,
  genesis: GenesisRecord,
  closing: Closing & { readonly at: Instant },
): Promise<ClosureRecord> {
  const { chain } = genesis
  const folder = chainFolder(config.data, chain)
  const disk = closing.place?.disk ?? nodeDisk
  const archive = new LeafArchive({ disk, folder, origin: chain, isOver: true })
  closing.archives.set(chain, archive)
  let sealed = false
  // The closure will state its size and root.
  await makeTailDurable(disk, folder)
  const recovered =
    disk.list(folder).length > 0
      ? await recover({
          disk,
          folder,
          origin: chain,
          publicKey: closing.publicKey,
          twoPhase: false,
          visit: ({ index, leaf, record }) => {
            const content: unknown = JSON.parse(record)
            closing.open.take(chain, index, leaf.kind, content)
            closing.visit({ chain, index }, leaf.kind, content)
            sealed = leaf.kind === 'seal'
          },
          onLeaves: (first, hashes) => {
            archive.leaves(first, hashes)
          },
          onFrame: (place) => {
            archive.frame(place)
          },
        })
      : undefined
  archive.signed(recovered?.note)
  const edge = recovered?.edge ?? EMPTY_EDGE
  const cut = recovered?.cuts.at(-1)
  return {
    at: closing.at,
    chain,
    ...(cut && { cut: { bytes: cut.bytes, hash: cut.hash } }),
    root: digestOfTreeHash(rootOf(edge)),
    sealed,
    size: edge.size,
    v: 1,
  }
}

/** A `heads` leaf in front of a batch whenever another chain's known head has changed. */
function headsWatcher(registry: OpenedRegistry, revocations: () => number): () => readonly Entry[] {
  let told = ''
  return () => {
    const { root, size } = registry.chain.head()
    const record: HeadsRecord = { registry: { root, size }, revocations: revocations(), v: 1 }
    const text = JSON.stringify(record)
    if (text === told) return []
    told = text
    return [{ kind: 'heads', record: text }]
  }
}
