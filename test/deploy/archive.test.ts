import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  chmodSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { ArchiveDamaged } from '../../adapters/archive-folder/archive-folder.ts'
import { checkArchive } from '../../deploy/archive/check-archive.ts'
import { LedgerThere, restoreArchive } from '../../deploy/archive/restore-archive.ts'
import { takeArchive } from '../../deploy/archive/take-archive.ts'
import type { TakenArchive } from '../../deploy/archive/take-archive.ts'
import { logKey } from '../../deploy/log-keys.ts'
import { systemClock } from '../../deploy/system.ts'
import { ed25519Signer } from '../../gateway/ledger/signer.ts'
import { audit } from '../harness/audit.ts'
import { startSystem } from '../harness/system.ts'
import type { System } from '../harness/system.ts'

let system: System
let pinned: string
/** One of the ledger as it was at first. */
let template: string
let sample: TakenArchive
let archive: string
let folder: string

beforeAll(async () => {
  system = await startSystem()
  for (let count = 0; count < 3; count += 1) {
    for (const name of ['S1', 'S3']) await system.run(name)
    await system.stop()
    await system.start()
  }
  await system.run('S3')
  pinned = readFileSync(join(system.data, 'ledger/keys.txt'), 'utf8')
  template = mkdtempSync(join(tmpdir(), 'gongdao-archive-'))
  sample = await take(template)
})
afterAll(async () => {
  rmSync(template, { recursive: true })
  await system[Symbol.asyncDispose]()
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gongdao-archive-'))
  archive = join(folder, 'archive')
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

function take(to = archive): Promise<TakenArchive> {
  return takeArchive({
    data: system.data,
    to,
    keys: pinned,
    signer: ed25519Signer(logKey(join(system.data, 'keys/registrar-log.key'), false)),
    now: systemClock().now(),
  })
}

function copy(): void {
  cpSync(template, archive, { recursive: true })
}

function restore(to = join(folder, 'restored')): string {
  restoreArchive({ archive, to, keys: pinned })
  return to
}

/** Published checkpoints come every second. */
function parts({ manifest }: TakenArchive): (string | undefined)[] {
  const all = manifest.entries.map(({ path }) => path.split('/')[1])
  return all.filter((part) => part !== 'checkpoints')
}

function objects(): string[] {
  return readdirSync(join(archive, 'objects'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name, parentPath }) => join(parentPath, name))
}

function change(file: string, how: (bytes: Buffer) => Buffer): void {
  const changed = how(readFileSync(file))
  chmodSync(file, 0o600)
  writeFileSync(file, changed)
}

test('a running gateway is archived; what is restored verifies and replays with the same figures', async () => {
  const taken = await take()
  expect(checkArchive(archive, pinned)).toMatchObject({ findings: [], manifests: 1 })
  const restored = await audit(restore())
  const original = await audit(system.data)
  expect(restored.findings).toEqual([])
  expect(restored.replay).toEqual(original.replay)
  expect(restored.replay.agree).toBeGreaterThan(3)
  expect(restored.leaves).toEqual(original.leaves)
  const { chains } = taken.manifest
  expect(chains).toContainEqual(system.gateway.core.ledger.head())
  expect(chains).toContainEqual(system.gateway.core.registry.head())
})

test('a restored ledger starts a gateway again, under its keys', async () => {
  await system.stop()
  await take()
  const ledger = join(system.data, 'ledger')
  rmSync(ledger, { recursive: true })
  restore(system.data)
  await system.start()
  expect((await system.run('S3')).status).toBe(200)
  expect((await audit(system.data)).findings).toEqual([])
})

test('the second run adds only what has come since, and touches nothing that is there', async () => {
  await take()
  const before = objects().map((file) => [file, statSync(file).mtimeMs] as const)
  expect(parts(await take())).toEqual([])
  await system.run('S3')
  const third = await take()
  expect(third.manifest.number).toBe(3)
  expect(parts(third)).toEqual(['exchange'])
  for (const [file, time] of before) expect(statSync(file).mtimeMs).toBe(time)
  expect(checkArchive(archive, pinned).findings).toEqual([])
  expect((await audit(restore())).findings).toEqual([])
})

test('rules, documents, revocation lists and the engine stand in it by content, readable without any of our programs', () => {
  const { manifest } = sample
  const paths = manifest.entries.map(({ path }) => path)
  for (const kind of ['document', 'rules', 'revocations'])
    expect(paths.some((path) => path.startsWith(`texts/${kind}/`))).toBe(true)
  expect(paths.some((path) => path.startsWith(`engine/${manifest.engine.name}-`))).toBe(true)
  expect(paths.some((path) => path.endsWith('.wasm'))).toBe(true)
  expect(paths).toContain('ledger/keys.txt')
})

test('a run that was cut off leaves nothing half, and the next one goes on', async () => {
  // What any kill leaves: objects without a manifest, a note without its manifest, half a file under another name.
  copy()
  rmSync(join(archive, 'manifests/000000000001.json'))
  for (const file of objects().slice(0, 3)) rmSync(file)
  const [some = ''] = objects()
  writeFileSync(`${some}.99999.new`, 'half')
  const again = await take()
  // Those that are gone, and what has come since; the others are used again.
  expect(again.objects).toBeGreaterThanOrEqual(3)
  expect(again.objects).toBeLessThan(sample.objects / 2)
  expect(checkArchive(archive, pinned).findings).toEqual([])
  expect((await audit(restore())).findings).toEqual([])
})

test.each<[string, (bytes: Buffer) => Buffer]>([
  [
    'one bit',
    (bytes) => {
      bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0)
      return bytes
    },
  ],
  ['all of it', () => Buffer.alloc(0)],
])(
  'an object that is damaged (%s) is found, is not written over, and is not restored',
  async (_, how) => {
    copy()
    const { manifest } = sample
    const entry = manifest.entries.find(({ path }) => path === 'ledger/keys.txt')
    const file = objects().find((each) => each.endsWith(entry?.sha256 ?? ''))
    change(file ?? '', how)
    expect(checkArchive(archive, pinned).findings).toEqual([expect.stringContaining('damaged')])
    await expect(take()).rejects.toThrow(ArchiveDamaged)
    expect(() => restore()).toThrow(ArchiveDamaged)
    // All of it or nothing: half a ledger would be taken for a shorter one.
    expect(existsSync(join(folder, 'restored/ledger'))).toBe(false)
  },
)

test('two runs at a time: the second is told, and the archive is whole', async () => {
  const both = await Promise.allSettled([take(), take()])
  expect(both[0]).toMatchObject({ status: 'fulfilled' })
  const late = {
    status: 'rejected',
    reason: expect.objectContaining({ message: expect.stringContaining('let it end') }),
  }
  expect(both[1]).toMatchObject(late)
  expect(checkArchive(archive, pinned)).toMatchObject({ findings: [], manifests: 1 })
})

test('an object that is gone is found', () => {
  copy()
  rmSync(objects()[5] ?? '')
  expect(checkArchive(archive, pinned).findings).toEqual([expect.stringContaining('missing')])
})

test('a manifest that was changed, signed by somebody else or left out is found', async () => {
  copy()
  await system.run('S3')
  await take()
  const first = join(archive, 'manifests/000000000001.json')
  const text = readFileSync(first, 'utf8')
  change(first, () => Buffer.from(text.replace('"closed":true', '"closed":false')))
  expect(checkArchive(archive, pinned).findings).toEqual([expect.stringContaining('manifest 1')])
  change(first, () => Buffer.from(text))
  const other = pinned.replace(/^(\S+\/registry)\+\S+/m, 'X/registry+$1')
  expect(() => checkArchive(archive, other)).toThrow(RangeError)
  const gateways = pinned
    .split('\n')
    .filter((line) => line.includes('/exchange/'))
    .join('\n')
  expect(checkArchive(archive, gateways).findings).toEqual([expect.stringContaining('not pinned')])
  // The second alone: it names a first one.
  cpSync(join(archive, 'manifests/000000000002.json'), first, { force: true })
  cpSync(join(archive, 'manifests/000000000002.note'), join(archive, 'manifests/000000000001.note'))
  expect(checkArchive(archive, pinned).findings).toEqual([
    expect.stringContaining('does not follow'),
  ])
})

test('a manifest that is gone from between others is found, and nothing is added', async () => {
  for (let count = 0; count < 3; count += 1) await take()
  rmSync(join(archive, 'manifests/000000000002.json'))
  expect(checkArchive(archive, pinned).findings).toEqual([
    expect.stringMatching(/000000000002.json is missing/),
  ])
  await expect(take()).rejects.toThrow(ArchiveDamaged)
  expect(() => restore()).toThrow(ArchiveDamaged)
})

test('a manifest of another archive of the same ledger does not follow', async () => {
  const other = join(folder, 'other')
  copy()
  await system.run('S3')
  await take(other)
  await system.run('S3')
  await take(other)
  for (const name of ['000000000002.json', '000000000002.note'])
    cpSync(join(other, 'manifests', name), join(archive, 'manifests', name))
  expect(checkArchive(archive, pinned).findings).toEqual([
    expect.stringContaining('does not follow'),
  ])
})

test('nothing is restored over a ledger', () => {
  copy()
  expect(() => restore(system.data)).toThrow(LedgerThere)
  expect(existsSync(join(system.data, 'ledger/keys.txt'))).toBe(true)
})

test('exchanges that are made while the archive is taken are in it whole, or not at all', async () => {
  let isOver = false
  const load = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (!isOver) await system.run('S3')
    }),
  )
  try {
    for (let count = 0; count < 3; count += 1) await take()
  } finally {
    isOver = true
    await load
  }
  const { findings } = await audit(restore(), Date.now() - 60_000)
  expect(findings).toEqual([])
})
