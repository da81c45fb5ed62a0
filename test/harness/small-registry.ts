/** A registrar and a gateway that follows it, each on a disk in memory. */
import { CommitReader } from '../../adapters/ledger-journal/commit-reader.ts'
import { openJournal } from '../../adapters/ledger-journal/open.ts'
import { orderObjection } from '../../deploy/duties/order-objection.ts'
import { notBefore } from '../../deploy/open-registry.ts'
import { openChain } from '../../gateway/ledger/chain.ts'
import type { Chain, LeafKind } from '../../gateway/ledger/entry.ts'
import { noteKey, vkeyText } from '../../gateway/ledger/note.ts'
import type { ClosureRecord, GenesisRecord } from '../../gateway/ledger/registry-events.ts'
import { ED25519 } from '../../gateway/ledger/signer.ts'
import type { Commit } from '../../gateway/ports/chain-journal.ts'
import type { Registrar } from '../../gateway/ports/registrar.ts'
import { RegistryView } from '../../gateway/projections/registry-view.ts'
import { documentCrypto } from '../../gateway/registry/agreement-signatures.ts'
import { FollowedRegistry, noteOfSize } from '../../gateway/registry/followed-registry.ts'
import { appendAll } from '../../gateway/registry/publish.ts'
import { RegistrarDesk } from '../../gateway/registry/registrar-desk.ts'
import { canonicalJson } from '../../policies/canonical-json.ts'
import { Digest, GatewayId, Instant } from '../../policies/vocabulary.ts'
import { testSigner } from './memory-ledger.ts'
import { SimDisk } from './sim-disk.ts'

export const ORIGIN = 'T/registry'
const FOLDER = '/data/ledger/registry'
export const signer = testSigner(1)
export const own = testSigner(2)
export const ONE = GatewayId.parse('T/GOV/A300000014/gw1')
export const OTHER = GatewayId.parse('T/GOV/A300000014/gw2')
export const at = Instant.parse('2026-11-22T12:00:00+08:00')
const ROOT = Digest.parse('r'.repeat(43))

export interface OpenedRegistrar {
  readonly chain: Chain
  readonly desk: RegistrarDesk
  readonly deskOver: (chain: Chain) => RegistrarDesk
  readonly disk: SimDisk
  readonly view: RegistryView
  /** As the registrar itself records. */
  readonly record: (kind: LeafKind, record: object) => Promise<number>
}

export async function openRegistrar(disk = new SimDisk(), by = signer): Promise<OpenedRegistrar> {
  const place = { folder: FOLDER, origin: ORIGIN, disk }
  const journal = await openJournal({ ...place, signer: by, twoPhase: true, segmentBytes: 262_144 })
  const { edge, storage } = journal
  const onFatal = (): void => undefined
  const chain = openChain({ origin: ORIGIN, signer: by, storage, edge, twoPhase: true, onFatal })
  const view = new RegistryView()
  const registry = { chain, view, sha256: documentCrypto.sha256 }
  const rules = {
    clock: notBefore({ now: () => at }, () => view.latest),
    orderObjection: (kind: LeafKind, record: unknown) => orderObjection(registry, kind, record),
  }
  const deskOver = (over: Chain): RegistrarDesk =>
    new RegistrarDesk({ ...registry, chain: over }, new CommitReader(place), rules)
  const desk = deskOver(chain)
  const record = (kind: LeafKind, content: object): Promise<number> =>
    appendAll(registry, [{ kind, record: canonicalJson(content) }])
  return { chain, desk, deskOver, disk, view, record }
}

export function genesis(change: Partial<GenesisRecord> = {}): { kind: 'genesis'; record: string } {
  const n = change.n ?? 1
  const chain = `T/exchange/${ONE}/${n}`
  const record = {
    at,
    chain,
    gateway: ONE,
    key: vkeyText(chain, own.publicKey),
    n,
    v: 1,
    ...change,
  }
  return { kind: 'genesis', record: canonicalJson(record) }
}

export function closure(change: Partial<ClosureRecord> = {}): { kind: 'closure'; record: string } {
  const chain = `T/exchange/${ONE}/1`
  const record = { at, chain, root: ROOT, sealed: true, size: 5, v: 1, ...change }
  return { kind: 'closure', record: canonicalJson(record) }
}

export const predecessor = { chain: `T/exchange/${ONE}/1`, root: ROOT, size: 5 }

export interface Follower {
  readonly chain: FollowedRegistry
  readonly seen: string[]
  readonly fatal: Error[]
}

/** A registrar that shows these commits and records nothing. */
export function showing(commits: (from: number) => readonly Commit[]): Registrar {
  return {
    commits: async (from) => commits(from),
    append: async () => 0,
    close: () => undefined,
  }
}

/** Follows to the end before it answers. */
export async function follow(registrar: Registrar, disk = new SimDisk()): Promise<Follower> {
  const seen: string[] = []
  const fatal: Error[] = []
  const key = noteKey(ORIGIN, ED25519, signer.publicKey)
  const journal = await openJournal({
    ...{ folder: FOLDER, origin: ORIGIN, disk, twoPhase: true, segmentBytes: 262_144 },
    signer: {
      publicKey: signer.publicKey,
      sign: () => {
        throw new Error('not ours to sign')
      },
    },
    complete: (size, root) => noteOfSize({ origin: ORIGIN, key, registrar }, size, root),
  })
  const { archive, edge, storage } = journal
  const chain = new FollowedRegistry({
    ...{ origin: ORIGIN, registrar, storage, edge, reader: archive, onDurable: archive.keep },
    key,
    onFatal: (fault) => fatal.push(fault),
    visit: (_index, _leaf, record) => seen.push(record),
  })
  await chain.follow()
  return { chain, seen, fatal }
}
