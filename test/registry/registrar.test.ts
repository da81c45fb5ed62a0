/** What a registrar lets a gateway record, and what a gateway lets a registrar show. */
import { beforeEach, describe, expect, test } from '@jest/globals'
import { openJournal } from '../../adapters/ledger-journal/open.ts'
import { CommitReader } from '../../adapters/ledger-journal/commit-reader.ts'
import { orderObjection } from '../../deploy/duties/order-objection.ts'
import { openChain } from '../../gateway/ledger/chain.ts'
import type { Chain, LeafKind } from '../../gateway/ledger/entry.ts'
import { noteKey, vkeyText } from '../../gateway/ledger/note.ts'
import { ED25519 } from '../../gateway/ledger/signer.ts'
import type { ClosureRecord, GenesisRecord } from '../../gateway/ledger/registry-events.ts'
import type { Commit } from '../../gateway/ports/chain-journal.ts'
import { RegistryView } from '../../gateway/projections/registry-view.ts'
import { documentCrypto } from '../../gateway/registry/agreement-signatures.ts'
import { FollowedRegistry, noteOfSize } from '../../gateway/registry/followed-registry.ts'
import { RegistrarDesk } from '../../gateway/registry/registrar-desk.ts'
import { canonicalJson } from '../../policies/canonical-json.ts'
import { Digest, GatewayId, Instant } from '../../policies/vocabulary.ts'
import { testSigner } from '../harness/memory-ledger.ts'
import { SimDisk } from '../harness/sim-disk.ts'

const ORIGIN = 'T/registry'
const FOLDER = '/data/ledger/registry'
const signer = testSigner(1)
const own = testSigner(2)
const ONE = GatewayId.parse('T/GOV/A300000014/gw1')
const OTHER = GatewayId.parse('T/GOV/A300000014/gw2')
const at = Instant.parse('2026-11-22T12:00:00+08:00')
const ROOT = Digest.parse('r'.repeat(43))

interface Registrar {
  readonly chain: Chain
  readonly desk: RegistrarDesk
  readonly disk: SimDisk
  readonly view: RegistryView
}

async function openRegistrar(disk = new SimDisk(), by = signer): Promise<Registrar> {
  const place = { folder: FOLDER, origin: ORIGIN, disk }
  const journal = await openJournal({ ...place, signer: by, twoPhase: true, segmentBytes: 262_144 })
  const { edge, storage } = journal
  const onFatal = (): void => undefined
  const chain = openChain({ origin: ORIGIN, signer: by, storage, edge, twoPhase: true, onFatal })
  const view = new RegistryView()
  const registry = { chain, view, sha256: documentCrypto.sha256 }
  const rules = {
    clock: { now: () => at },
    orderObjection: (kind: LeafKind, record: unknown) => orderObjection(registry, kind, record),
  }
  const desk = new RegistrarDesk(registry, new CommitReader(place), rules)
  return { chain, desk, disk, view }
}

function genesis(change: Partial<GenesisRecord> = {}): { kind: 'genesis'; record: string } {
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

function closure(change: Partial<ClosureRecord> = {}): { kind: 'closure'; record: string } {
  const chain = `T/exchange/${ONE}/1`
  const record = { at, chain, root: ROOT, sealed: true, size: 5, v: 1, ...change }
  return { kind: 'closure', record: canonicalJson(record) }
}

const predecessor = { chain: `T/exchange/${ONE}/1`, root: ROOT, size: 5 }

describe('a gateway at the registrar', () => {
  let desk: RegistrarDesk
  beforeEach(async () => {
    ;({ desk } = await openRegistrar())
  })

  test('opens its first chain, closes it, and opens the next', async () => {
    expect(await desk.handIn(ONE, genesis())).toEqual({ kind: 'recorded', index: 0 })
    expect(await desk.handIn(ONE, closure())).toEqual({ kind: 'recorded', index: 1 })
    const next = genesis({ n: 2, predecessor })
    expect(await desk.handIn(ONE, next)).toEqual({ kind: 'recorded', index: 2 })
  })

  test.each([
    ['in the name of another gateway', OTHER, genesis()],
    ['with another number', ONE, genesis({ n: 2, predecessor })],
    ['under a key of another chain', ONE, genesis({ key: vkeyText('T/x', own.publicKey) })],
    ['behind a chain that never was', ONE, genesis({ predecessor })],
  ])('opens no chain %s', async (_how, who, entry) => {
    expect((await desk.handIn(who, entry)).kind).toBe('refused')
  })

  test.each([
    ['before the last one is closed', genesis({ n: 2, predecessor }), undefined],
    [
      'with another end of the last one',
      genesis({ n: 2, predecessor: { ...predecessor, size: 4 } }),
      closure(),
    ],
    [
      'under another key than before',
      genesis({ n: 2, predecessor, key: vkeyText(`T/exchange/${ONE}/2`, signer.publicKey) }),
      closure(),
    ],
    ['twice', genesis(), closure()],
  ])('opens no second chain %s', async (_how, entry, before) => {
    await desk.handIn(ONE, genesis())
    if (before !== undefined) await desk.handIn(ONE, before)
    expect((await desk.handIn(ONE, entry)).kind).toBe('refused')
  })

  test('of two that it hands in at once, one becomes the chain', async () => {
    const answers = await Promise.all([desk.handIn(ONE, genesis()), desk.handIn(ONE, genesis())])
    expect(answers.map(({ kind }) => kind)).toEqual(['recorded', 'refused'])
  })

  test("closes nobody else's chain, and none twice", async () => {
    await desk.handIn(ONE, genesis())
    expect((await desk.handIn(OTHER, closure())).kind).toBe('refused')
    await desk.handIn(ONE, closure())
    expect((await desk.handIn(ONE, closure())).kind).toBe('refused')
  })

  test.each(['manifest', 'document', 'instance', 'revocations'] as const)(
    'puts no %s on record',
    async (kind) => {
      expect((await desk.handIn(ONE, { kind, record: '{}' })).kind).toBe('refused')
    },
  )
})

interface Follower {
  readonly chain: FollowedRegistry
  readonly seen: string[]
}

async function follow(
  commits: (from: number) => readonly Commit[],
  disk = new SimDisk(),
): Promise<Follower> {
  const seen: string[] = []
  const fatal: Error[] = []
  const key = noteKey(ORIGIN, ED25519, signer.publicKey)
  const registrar = {
    commits: async (from: number) => commits(from),
    append: async () => 0,
    close: () => undefined,
  }
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
  return { chain, seen }
}

describe('a gateway that follows a registry', () => {
  let registrar: Registrar
  beforeEach(async () => {
    registrar = await openRegistrar()
    await registrar.desk.handIn(ONE, genesis())
    await registrar.desk.handIn(ONE, closure())
  })

  test('has its leaves, its root, and goes on where it stopped', async () => {
    const { desk } = registrar
    const { chain, seen } = await follow((from) => desk.commits(from))
    expect(seen).toEqual([genesis().record, closure().record])
    expect(chain.head()).toEqual(registrar.chain.head())
    const next = genesis({ n: 2, predecessor })
    await desk.handIn(ONE, next)
    await chain.follow()
    expect(seen.at(-1)).toBe(next.record)
    expect(chain.head()).toEqual(registrar.chain.head())
  })

  test('takes nothing from a registrar who changed, dropped or swapped a byte of it', async () => {
    const { desk } = registrar
    const whole = Buffer.concat(desk.commits(0).map(({ payload }) => payload))
    for (let byte = 0; byte < whole.length; byte += 7) {
      const changed = (from: number): readonly Commit[] => {
        let start = 0
        return desk.commits(from).map((commit) => {
          const payload = Buffer.from(commit.payload)
          const place = byte - start
          if (place >= 0 && place < payload.length) payload[place] = (payload[place] ?? 0) ^ 1
          start += payload.length
          return { ...commit, payload }
        })
      }
      await expect(follow(changed)).rejects.toThrow()
    }
  })

  test('refuses another history under the same key, and keeps the one it has', async () => {
    const { chain } = await follow((from) => registrar.desk.commits(from))
    const before = chain.head()
    const forked = await openRegistrar()
    await forked.desk.handIn(OTHER, genesis({ gateway: OTHER }))
    for (const name of ['a', 'b', 'c']) {
      await forked.chain.append({ kind: 'cut', record: `{"x":"${name}"}` })
    }
    const disk = new SimDisk()
    const first = await follow((from) => registrar.desk.commits(from), disk)
    await first.chain.close()
    await expect(follow((from) => forked.desk.commits(from), disk)).rejects.toThrow(
      /does not continue/,
    )
    expect(chain.head()).toEqual(before)
  })

  test('a crash between leaves and checkpoint is completed with the very note of the registrar', async () => {
    const { desk } = registrar
    const disk = new SimDisk()
    let total = 0
    disk.after = (operation) => {
      if (operation === 'write') total += 1
    }
    const { chain } = await follow((from) => desk.commits(from), disk)
    await chain.close()
    // Leaves, checkpoint, leaves, checkpoint: each of the four is the last that gets there.
    for (let last = total - 4; last < total; last += 1) {
      const crashed = new SimDisk()
      let count = 0
      crashed.before = (operation) => {
        if (operation === 'write' && (count += 1) > last) throw new Error('the power is gone')
      }
      await follow((from) => desk.commits(from), crashed).catch(() => undefined)
      const again = await follow((from) => desk.commits(from), crashed.kill())
      expect(again.chain.head()).toEqual(registrar.chain.head())
    }
  })
})
