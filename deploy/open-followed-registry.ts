/**
 * The registry of a gateway that another process registers (design §4): followed into a journal of its own, so that verify, replay and
 * explain need nothing else, and asked for each second. Needed at the start only: while the registrar is away exchanges go on
 * under what was followed last.
 */
import { chainFolder } from '../adapters/ledger-journal/folders.ts'
import { openJournal, type JournalPlace } from '../adapters/ledger-journal/open.ts'
import type { LedgerFault } from '../gateway/ledger/chain.ts'
import { parseVkey, type NoteKey } from '../gateway/ledger/note.ts'
import type { Clock } from '../gateway/ports/clock.ts'
import { RegistrarUnavailable, type Registrar } from '../gateway/ports/registrar.ts'
import type { Report, Telemetry } from '../gateway/ports/telemetry.ts'
import { machineTimers, type Timers } from '../gateway/ports/timers.ts'
import { RegistryView } from '../gateway/projections/registry-view.ts'
import { documentCrypto } from '../gateway/registry/agreement-signatures.ts'
import { FollowedRegistry, noteOfSize } from '../gateway/registry/followed-registry.ts'
import type { GatewayConfig } from './config.ts'
import type { OtherRegistrar } from './config/registrar.ts'
import { observeStorage } from './observe-storage.ts'
import { notBefore, type OpenedRegistry } from './open-registry.ts'

export interface OpenedFollowedRegistry extends OpenedRegistry {
  /** Told of each new manifest. */
  onManifest(listener: () => Promise<void> | void): void
  follow(): Promise<void>
  /** Why it can't be followed; undefined: it is. */
  trouble(): string | undefined
  stop(): void
}

const EACH_MS = 1000

export async function openFollowedRegistry(
  config: Pick<GatewayConfig, 'data' | 'instance'> & { readonly registrar: OtherRegistrar },
  parts: {
    readonly registrar: Registrar
    readonly clock: Clock
    readonly report: Report
    readonly onFatal: (fault: LedgerFault) => void
    readonly telemetry?: Telemetry | undefined
    readonly place?: JournalPlace
  },
): Promise<OpenedFollowedRegistry> {
  const origin = `${config.instance}/registry`
  const key = keyOf(config.registrar, origin)
  const { registrar } = parts
  const view = new RegistryView()
  const journal = await openJournal({
    ...{ folder: chainFolder(config.data, origin), origin, twoPhase: true },
    signer: { publicKey: key.publicKey, sign: notOurs },
    complete: (size, root) => noteOfSize({ origin, key, registrar }, size, root),
    ...parts.place,
    visit: ({ index, leaf, record }) => {
      view.take(index, leaf.kind, JSON.parse(record))
    },
  })
  const { archive, edge } = journal
  const storage = observeStorage(journal.storage, 'registry', parts.telemetry)
  const chain = new FollowedRegistry({
    ...{ origin, key, registrar, storage, edge, reader: archive, onDurable: archive.keep },
    visit: (index, { kind }, record) => {
      view.take(index, kind, JSON.parse(record))
    },
    onFatal: parts.onFatal,
  })
  try {
    await chain.follow()
  } catch (fault) {
    await chain.close()
    throw fault
  }
  const clock = notBefore(parts.clock, () => view.latest)
  const following = keepFollowing(chain, view, {
    ...parts,
    timers: parts.place?.timers ?? machineTimers,
  })
  return {
    ...{ archive, chain, clock, view, sha256: documentCrypto.sha256 },
    ...{ ...following, isFollowed: true },
  }
}

function keepFollowing(
  chain: FollowedRegistry,
  view: RegistryView,
  { report, timers }: { readonly report: Report; readonly timers: Timers },
): Pick<OpenedFollowedRegistry, 'onManifest' | 'follow' | 'trouble' | 'stop'> {
  const listeners: (() => Promise<void> | void)[] = []
  let known = view.newest()
  let cancel: () => void = () => undefined
  /** What was told last; undefined while it is followed. */
  let trouble: string | undefined
  let isOver = false

  async function follow(): Promise<void> {
    await chain.follow()
    if (view.newest() === known) return
    known = view.newest()
    for (const listener of listeners) await listener()
  }

  async function look(): Promise<void> {
    try {
      await follow()
      if (trouble !== undefined) report('the registrar is followed again', 'nobody')
      trouble = undefined
    } catch (fault) {
      const why = fault instanceof Error ? fault.message : 'a thrown value'
      // Each trouble once: what was followed last stays in force. That it is away must not hide that it then shows another history.
      if (why !== trouble && !isOver) {
        const urgency = fault instanceof RegistrarUnavailable ? 'watch' : 'today'
        report(`the registry can not be followed: ${why}`, urgency)
      }
      trouble = why
    }
    if (!isOver) cancel = timers.after(EACH_MS, () => void look())
  }

  cancel = timers.after(EACH_MS, () => void look())
  return {
    onManifest: (listener) => listeners.push(listener),
    follow,
    trouble: () => trouble,
    stop() {
      isOver = true
      cancel()
    },
  }
}

function keyOf({ key }: OtherRegistrar, origin: string): NoteKey {
  const parsed = parseVkey(key)
  if (parsed?.name !== origin) throw new Error(`registrar.key is not the key of ${origin}`)
  return parsed
}

function notOurs(): never {
  throw new Error('the registry is signed by its registrar alone')
}
