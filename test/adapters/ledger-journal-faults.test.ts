/** The journal when things fail: power cuts, lost and half-lost writes, a full disk, a second process. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from '@jest/globals'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import { nodeDisk } from '../../adapters/ledger-journal/disk.ts'
import type { Disk } from '../../adapters/ledger-journal/disk.ts'
import { LeafArchive } from '../../adapters/ledger-journal/leaf-archive.ts'
import { FolderLocked, lockFolder } from '../../adapters/ledger-journal/lock.ts'
import { JournalTampered, recover } from '../../adapters/ledger-journal/recover.ts'
import type { Recovered } from '../../adapters/ledger-journal/recover.ts'
import { Segments } from '../../adapters/ledger-journal/segments.ts'
import { LedgerUnavailable } from '../../gateway/ledger/entry.ts'
import type { Chain, Recorded } from '../../gateway/ledger/entry.ts'
import { digestOfTreeHash } from '../../gateway/ledger/hash.ts'
import { rootOf } from '../../gateway/ledger/tree.ts'
import {
  REGISTRY,
  SEGMENT,
  exchangeOrigin,
  gateway,
  openOn,
  registrar,
} from '../harness/small-ledger.ts'
import { SimDisk, failure } from '../harness/sim-disk.ts'
import { until } from '../harness/until.ts'

const DATA = '/data'
const ORIGIN = exchangeOrigin(1)

/** Seeded chance: a failing run can be run again. */
function chanceFrom(seed: number): () => number {
  let state = seed * 2_654_435_761 + 1
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return state / 2 ** 32
  }
}

function read(disk: SimDisk, origin = ORIGIN): Promise<Recovered & { readonly records: string[] }> {
  const records: string[] = []
  const isRegistry = origin === REGISTRY
  return recover({
    disk,
    folder: chainFolder(DATA, origin),
    origin,
    twoPhase: isRegistry,
    publicKey: (isRegistry ? registrar : gateway).publicKey,
    visit: ({ record }) => records.push(record),
  }).then((recovered) => ({ ...recovered, records }))
}

/** Until the segments that are made ahead have been made. */
async function spares(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await nextTurn()
}

function note(recorded: Recorded): string {
  const receipt = recorded.receipt()
  return receipt.slice(receipt.indexOf('\n\n') + 2)
}

/** Appends from several callers until told to stop; what was acknowledged, and every checkpoint that went out. */
async function write(
  chain: Chain,
  count: number,
  clients = 4,
): Promise<{ readonly acknowledged: Set<string>; readonly notes: Set<string> }> {
  const acknowledged = new Set<string>()
  const notes = new Set<string>()
  const client = async (name: number): Promise<void> => {
    for (let at = 0; at < count; at += 1) {
      const record = `{"at":${at},"by":${name}}`
      const recorded = await chain
        .append({ kind: 'heads', record, finishes: true })
        .catch(() => undefined)
      if (recorded === undefined) return
      acknowledged.add(record)
      notes.add(note(recorded))
    }
  }
  await Promise.all(Array.from({ length: clients }, (_, name) => client(name)))
  return { acknowledged, notes }
}

function sizeAndRoot(text: string): [number, string] {
  const [, size, root] = text.split('\n')
  return [Number(size), root ?? '']
}

/** INVARIANT L6. */
function expectNoTwoRootsOfOneSize(notes: Iterable<string>): void {
  const roots = new Map<number, string>()
  for (const text of notes) {
    const [size, root] = sizeAndRoot(text)
    expect(roots.get(size) ?? root).toBe(root)
    roots.set(size, root)
  }
}

/** Writes, cuts the power in the middle of a write, and answers what the next start finds and what had been acknowledged. */
async function cutPowerWhileWriting(
  seed: number,
  { origin = ORIGIN, syncIsSkipped = false } = {},
): Promise<{ disk: SimDisk; acknowledged: Set<string>; notes: Set<string> }> {
  const chance = chanceFrom(seed)
  const disk = new SimDisk()
  const { chain } = await openOn(DATA, origin, { disk })
  disk.syncIsSkipped = syncIsSkipped
  let after: SimDisk | undefined
  let left = Math.floor(chance() * 60)
  const step = (operation: string): void => {
    if (operation === 'create' || operation === 'syncFolder') return
    if (after !== undefined) throw failure('EIO')
    left -= 1
    if (left > 0) return
    after = disk.powerCut(chance)
    throw failure('EIO')
  }
  disk.before = chance() < 0.5 ? step : disk.before
  disk.after = step
  const written = await write(chain, 30)
  return { disk: after ?? disk.powerCut(chance), ...written }
}

test('a power cut at any moment loses nothing that was acknowledged, and never makes two roots of one size', async () => {
  let cuts = 0
  for (let seed = 0; seed < 120; seed += 1) {
    const origin = seed % 2 === 0 ? ORIGIN : REGISTRY
    const { acknowledged, disk, notes } = await cutPowerWhileWriting(seed, { origin })
    const { chain, journal } = await openOn(DATA, origin, { disk })
    cuts += journal.cuts.length
    const found = await read(disk, origin)
    for (const record of acknowledged) expect(found.records).toContain(record)
    const [size, root] = [chain.head().size, chain.head().root]
    for (const text of notes) {
      if (sizeAndRoot(text)[0] === size) {
        expect(Buffer.from(sizeAndRoot(text)[1], 'base64').toString('base64url')).toBe(root)
      }
    }
    const more = await write(chain, 3)
    expect(more.acknowledged.size).toBe(12)
    if (origin === REGISTRY) expectNoTwoRootsOfOneSize([...notes, ...more.notes])
    await chain.close()
    expect((await read(disk, origin)).edge.size).toBe(size + 12)
  }
  expect(cuts).toBeGreaterThan(10)
})

test('without fdatasync the same power cuts lose what was acknowledged: this test would notice', async () => {
  let lost = 0
  for (let seed = 0; seed < 20; seed += 1) {
    const { acknowledged, disk } = await cutPowerWhileWriting(seed, { syncIsSkipped: true })
    const found = await read(disk).catch(() => ({ records: [] as string[] }))
    lost += [...acknowledged].filter((record) => !found.records.includes(record)).length
  }
  expect(lost).toBeGreaterThan(0)
})

test('the acknowledgement waits for the sync of its own bytes', async () => {
  const disk = new SimDisk()
  const { chain } = await openOn(DATA, ORIGIN, { disk })
  const { promise, resolve: release } = Promise.withResolvers<undefined>()
  disk.gate = promise.then(() => undefined)
  let answered = false
  const recording = chain.append({ kind: 'heads', record: '{"n":1}' }).then(() => (answered = true))
  for (let turn = 0; turn < 20; turn += 1) await nextTurn()
  expect(answered).toBe(false)
  release(undefined)
  await recording
  const afterwards = await read(disk.powerCut(() => 0))
  expect(afterwards.records).toEqual(['{"n":1}'])
})

describe.each(['write', 'sync'] as const)('a failing %s', (failing) => {
  test.each(['lost', 'kept-but-reported-lost'] as const)(
    'that was %s stops the chain for good, and recovery tells what was kept',
    async (how) => {
      for (let nth = 1; nth <= 6; nth += 1) {
        const disk = new SimDisk()
        const faults: Error[] = []
        const { chain } = await openOn(DATA, ORIGIN, {
          disk,
          onFatal: (fault) => faults.push(fault),
        })
        await spares()
        let left = nth
        const fail = (operation: string, file: string): void => {
          if (operation === failing && file.endsWith('00000001.seg') && (left -= 1) === 0)
            throw failure('EIO')
        }
        if (how === 'lost') disk.before = fail
        else disk.after = fail
        const { acknowledged } = await write(chain, 10, 1)
        expect(faults).toHaveLength(1)
        expect(acknowledged.size).toBe(nth - 1)
        await expect(chain.append({ kind: 'heads', record: '{}' })).rejects.toBe(faults[0])
        const found = await read(disk.kill())
        const kept = how === 'lost' && failing === 'write' ? nth - 1 : nth
        expect(found.records).toHaveLength(kept)
        for (const record of acknowledged) expect(found.records).toContain(record)
      }
    },
  )
})

describe('a torn tail', () => {
  async function torn(keep: number): Promise<{ disk: SimDisk; file: string; whole: Buffer }> {
    const disk = new SimDisk()
    const { chain } = await openOn(DATA, ORIGIN, { disk })
    await write(chain, 3, 1)
    const file = join(chainFolder(DATA, ORIGIN), '00000001.seg')
    const before = Buffer.from(disk.readLoosely(file)!)
    await write(chain, 1, 1)
    const whole = Buffer.from(disk.readLoosely(file)!)
    const start = lastByte(before)
    const end = lastByte(whole)
    whole.fill(0, start + Math.floor((end - start) * keep))
    const after = disk.kill()
    await after.writeLoosely(file, whole)
    return { disk: after, file, whole }
  }

  test('is cut, kept aside byte for byte, and told to the caller each time until it is recorded', async () => {
    const { disk, file, whole } = await torn(0.6)
    const [first] = (await openOn(DATA, ORIGIN, { disk })).journal.cuts
    expect(first?.bytes).toBeGreaterThan(50)
    const kept = disk.readLoosely(join(chainFolder(DATA, ORIGIN), first!.file))!
    expect(whole.includes(kept)).toBe(true)
    expect(digestOfTreeHash(kept.toString('latin1', 0, 0).padEnd(32, '\0'))).toHaveLength(43)
    expect(lastByte(disk.readLoosely(file)!)).toBeLessThan(lastByte(whole))
    expect((await read(disk.kill())).cuts).toEqual([first])
    expect((await read(disk.kill())).edge.size).toBe(3)
  })

  test('is cut again alike when the power fails while it is being cut', async () => {
    const { disk } = await torn(0.6)
    for (let nth = 1; nth <= 4; nth += 1) {
      const trial = disk.kill()
      let left = nth
      trial.before = () => {
        if ((left -= 1) <= 0) throw failure('EIO')
      }
      await read(trial).catch(() => undefined)
      const again = trial.powerCut(chanceFrom(nth))
      const found = await read(again)
      expect(found.edge.size).toBe(3)
    }
  })

  test('with a whole frame behind it is no torn tail: nothing is opened', async () => {
    const disk = new SimDisk()
    const { chain } = await openOn(DATA, ORIGIN, { disk })
    await write(chain, 3, 1)
    const file = join(chainFolder(DATA, ORIGIN), '00000001.seg')
    const bytes = Buffer.from(disk.readLoosely(file)!)
    bytes[200] = bytes[200]! ^ 1
    await disk.writeLoosely(file, bytes)
    await expect(read(disk)).rejects.toBeInstanceOf(JournalTampered)
    await expect(read(disk)).rejects.toThrow(/segment 1, byte \d+: .*leaves from 0 on/)
    await expect(openOn(DATA, ORIGIN, { disk })).rejects.toThrow('No crash explains this')
  })
})

function lastByte(bytes: Buffer): number {
  return bytes.findLastIndex((byte) => byte !== 0) + 1
}

test('leaves that were durable without their checkpoint are completed by the very checkpoint they would have had', async () => {
  const disk = new SimDisk()
  const { chain } = await openOn(DATA, REGISTRY, { disk })
  await write(chain, 2, 1)
  const before = disk.kill()
  const { notes } = await write(chain, 1, 1)
  let syncs = 0
  const { chain: again } = await openOn(DATA, REGISTRY, { disk: before })
  before.before = (operation) => {
    if (operation === 'sync' && (syncs += 1) === 2) throw failure('EIO')
  }
  const lost = await write(again, 1, 1)
  expect(lost.acknowledged.size).toBe(0)
  const after = before.kill()
  after.before = () => undefined
  const { journal } = await openOn(DATA, REGISTRY, { disk: after })
  expect(journal.edge.size).toBe(3)
  const found = await read(after, REGISTRY)
  expect(found.unsigned).toBe(false)
  // The same record, so the same leaf, root and, Ed25519 being deterministic, the same signature.
  expect(found.note).toBe([...notes][0])
})

test('a journal that another key signed is not opened', async () => {
  const disk = new SimDisk()
  const { chain } = await openOn(DATA, ORIGIN, { disk })
  await write(chain, 2, 1)
  const folder = chainFolder(DATA, ORIGIN)
  const options = { disk, folder, origin: ORIGIN, twoPhase: false }
  await expect(recover({ ...options, publicKey: registrar.publicKey })).rejects.toThrow(
    'not signed by the key',
  )
  await expect(recover({ ...options, publicKey: gateway.publicKey })).resolves.toMatchObject({
    unsigned: false,
  })
})

describe('a full disk', () => {
  test('refuses what begins, keeps room for what finishes, and is left behind when there is room again', async () => {
    const disk = new SimDisk()
    const { chain } = await openOn(DATA, ORIGIN, { disk })
    await spares()
    disk.capacity = 3 * SEGMENT
    const record = `"${'x'.repeat(20_000)}"`
    let refused: unknown
    let begun = 0
    while (refused === undefined) {
      await chain.append({ kind: 'heads', record }).then(
        () => (begun += 1),
        (fault: unknown) => (refused = fault),
      )
    }
    expect(refused).toBeInstanceOf(LedgerUnavailable)
    expect(chain.accepts()).toBe(false)
    expect(begun).toBeGreaterThan(10)
    let finished = 0
    for (; finished < 12; finished += 1)
      await chain.append({ kind: 'heads', record, finishes: true })
    expect(chain.head().size).toBe(begun + finished)
    disk.capacity = Infinity
    await pause(1200)
    expect(chain.accepts()).toBe(true)
    await chain.append({ kind: 'heads', record })
    await chain.close()
    const found = await read(disk)
    expect(found.edge.size).toBe(begun + finished + 1)
    expect(digestOfTreeHash(rootOf(found.edge))).toBe(chain.head().root)
  })

  test('when nothing at all is left even what finishes is refused, and the chain is still whole', async () => {
    const disk = new SimDisk()
    const { chain } = await openOn(DATA, ORIGIN, { disk })
    await spares()
    disk.capacity = 3 * SEGMENT
    const record = `"${'x'.repeat(60_000)}"`
    let recorded = 0
    for (let at = 0; at < 40; at += 1) {
      await chain.append({ kind: 'heads', record, finishes: true }).then(
        () => (recorded += 1),
        (fault: unknown) => expect(fault).toBeInstanceOf(LedgerUnavailable),
      )
    }
    expect(recorded).toBe(12)
    await chain.close()
    expect((await read(disk)).edge.size).toBe(recorded)
  })
})

test('the last segment that was made ahead is for what finishes, even while nobody knows yet that the disk is full', async () => {
  const disk = new SimDisk()
  disk.capacity = 2 * SEGMENT
  const options = { disk, folder: '/s', segmentBytes: SEGMENT, next: 1, spares: [] }
  const segments = new Segments(options)
  await spares()
  expect(await segments.take(false)).toMatchObject({ number: 1 })
  expect(await segments.take(false)).toBeUndefined()
  expect(await segments.take(true)).toMatchObject({ number: 2 })
  expect(await segments.take(true)).toBeUndefined()
  await segments.close()
})

test('a large segment is made in pieces with the disk free in between; whoever needs it, or closes, waits for no pause', async () => {
  const disk = new SimDisk()
  const largest = 16 * 1024 * 1024
  const options = { disk, folder: '/s', segmentBytes: largest, next: 3, spares: [] }
  let paused = 0
  const timers = {
    after: () => {
      paused += 1
      return () => undefined
    },
  }
  const segments = new Segments({ ...options, timers })
  await until(() => paused === 1, 'a first piece is there')
  expect(disk.open('/s/00000003.seg').size()).toBe(1024 * 1024)
  expect(await segments.take(true)).toMatchObject({ number: 3, size: largest })
  await until(() => paused === 2, 'the next one is begun')
  await segments.close()
  expect(disk.list('/s')).toEqual(['00000003.seg'])
})

test('a chain goes over many segments, and goes on where it stopped', async () => {
  const disk = new SimDisk()
  let expected = 0
  for (let start = 0; start < 3; start += 1) {
    const { chain } = await openOn(DATA, ORIGIN, { disk })
    expect(chain.head().size).toBe(expected)
    const all = Array.from({ length: 60 }, () =>
      chain.append({ kind: 'heads', record: `"${'x'.repeat(9000)}"` }),
    )
    await Promise.all(all)
    expected += all.length
    await chain.close()
  }
  expect(
    disk.list(chainFolder(DATA, ORIGIN)).filter((name) => name.endsWith('.seg')).length,
  ).toBeGreaterThan(6)
  expect((await read(disk)).edge.size).toBe(180)
})

test('leaves are read back with a proof in the newest checkpoint, from tiles, from memory, or from the journal alone', async () => {
  const disk = new SimDisk()
  const { chain, journal } = await openOn(DATA, ORIGIN, { disk })
  const leaves: string[] = []
  for (let round = 0; round < 7; round += 1) {
    const batch = Array.from({ length: 100 }, (_, at) =>
      chain.append({ kind: 'heads', record: `{"n":${round * 100 + at}}` }),
    )
    for (const { leaf } of await Promise.all(batch)) leaves.push(leaf)
  }
  const proofs: string[] = []
  for (const index of [0, 1, 255, 256, 511, 512, 699]) {
    const kept = await journal.archive.read(index)
    expect(kept).toMatchObject({ leaf: leaves[index], record: `{"n":${index}}` })
    proofs.push(kept!.proof(Buffer.from('{}')))
  }
  expect(await journal.archive.read(700)).toBeUndefined()
  expect(disk.readLoosely(join(chainFolder(DATA, ORIGIN), 'tile', '0', '001'))).toHaveLength(8192)
  const wrong = Buffer.alloc(8192, 1)
  for (const tile of ['000', '001'])
    await disk.writeLoosely(join(chainFolder(DATA, ORIGIN), 'tile', '0', tile), wrong)
  expect((await journal.archive.read(1))!.proof(Buffer.from('{}'))).toBe(proofs[1])
  await chain.close()
  for (const tile of ['000', '001']) disk.remove(join(chainFolder(DATA, ORIGIN), 'tile', '0', tile))
  const again = await openOn(DATA, ORIGIN, { disk })
  expect((await again.journal.archive.read(255))!.proof(Buffer.from('{}'))).toBe(proofs[2])
})

test('of a chain that has ended no tile is written again, but one that is missing and asked for', async () => {
  const disk = new SimDisk()
  const { chain } = await openOn(DATA, ORIGIN, { disk })
  const all = Array.from({ length: 600 }, (_, n) =>
    chain.append({ kind: 'heads', record: `{"n":${n}}` }),
  )
  const { leaf } = (await Promise.all(all))[5]!
  await chain.close()
  const folder = chainFolder(DATA, ORIGIN)
  const [first, second] = ['000', '001'].map((tile) => join(folder, 'tile', '0', tile))
  for (const tile of [first!, second!]) disk.remove(tile)
  const archive = new LeafArchive({ disk, folder, origin: ORIGIN, isOver: true })
  const { note } = await recover({
    ...{ disk, folder, origin: ORIGIN, publicKey: gateway.publicKey, twoPhase: false },
    onLeaves: (from, hashes) => archive.leaves(from, hashes),
    onFrame: (place) => archive.frame(place),
  })
  archive.signed(note)
  await nextTurn()
  expect([first, second].map((tile) => disk.readLoosely(tile!))).toEqual([undefined, undefined])
  expect(await archive.read(5)).toMatchObject({ leaf })
  await nextTurn()
  expect(disk.readLoosely(first!)).toHaveLength(8192)
})

test('for one leaf its neighbours are read, not its segment, and the file is closed again', async () => {
  const data = mkdtempSync(join(tmpdir(), 'gongdao-archive-'))
  const counted = { bytes: 0, open: 0 }
  const disk: Disk = {
    ...nodeDisk,
    open(file, how) {
      const opened = nodeDisk.open(file, how)
      if (how === 'update') return opened
      counted.open += 1
      return {
        size: () => opened.size(),
        read(into, position) {
          counted.bytes += into.length
          return opened.read(into, position)
        },
        write: (bytes, position) => opened.write(bytes, position),
        writeSlowly: (bytes, position) => opened.writeSlowly(bytes, position),
        sync: () => opened.sync(),
        close() {
          counted.open -= 1
          opened.close()
        },
      }
    },
  }
  const { chain, journal } = await openOn(data, ORIGIN, { disk, segmentBytes: 1 << 20 })
  for (let round = 0; round < 40; round += 1) {
    const record = `"${'x'.repeat(2000)}"`
    await Promise.all(Array.from({ length: 8 }, () => chain.append({ kind: 'heads', record })))
  }
  counted.bytes = 0
  expect(await journal.archive.read(4)).toBeDefined()
  expect(counted.bytes).toBeGreaterThan(2000)
  expect(counted.bytes).toBeLessThan(50_000)
  expect(await journal.archive.read(5000)).toBeUndefined()
  expect(counted.open).toBe(0)
  await chain.close()
  rmSync(data, { recursive: true })
})

describe('the data folder', () => {
  test('is held by one process: a second one is told so in a sentence, and may come when the first is gone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gongdao-lock-'))
    const lock = await lockFolder(folder)
    await expect(lockFolder(folder)).rejects.toBeInstanceOf(FolderLocked)
    await expect(lockFolder(folder)).rejects.toThrow('in use')
    await lock.release()
    await (await lockFolder(folder)).release()
    rmSync(folder, { recursive: true })
  })

  test('is free where the file that holds it is of a process that is gone, or of another start of the machine', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gongdao-lock-'))
    for (const left of ['', 'nonsense', '{"pid":1,"boot":"another","namespace":"","started":""}']) {
      writeFileSync(join(folder, 'in-use.json'), left)
      await (await lockFolder(folder)).release()
    }
    rmSync(folder, { recursive: true })
  })
})
