/** A gateway that follows another's registry: its own chain is time-stamped, archived under its own key, and checked by itself. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { archiveSigner } from '../../deploy/archive/archive-signer.ts'
import { checkArchive } from '../../deploy/archive/check-archive.ts'
import { restoreArchive } from '../../deploy/archive/restore-archive.ts'
import { takeArchive } from '../../deploy/archive/take-archive.ts'
import { foldersOf } from '../../deploy/config.ts'
import { logKey } from '../../deploy/log-keys.ts'
import { systemClock } from '../../deploy/system.ts'
import { verifyLedger, type VerifiedLedger } from '../../deploy/verify-ledger.ts'
import { checkpointWriter } from '../../gateway/ledger/checkpoint.ts'
import { leafHashOf } from '../../gateway/ledger/hash.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { ed25519Signer } from '../../gateway/ledger/signer.ts'
import { furtherGateway, type FurtherGateway } from '../harness/further-gateway.ts'
import { startSystem, type System } from '../harness/system.ts'
import { startTimestampAuthority, type TestAuthority } from '../harness/timestamp-authority.ts'
import { until } from '../harness/until.ts'

const YEAR = 366 * 86_400_000

let aside: string
let authority: TestAuthority
let system: System
/** Has its chain stamped, too. */
let second: FurtherGateway
/** Has no authority configured. */
let third: FurtherGateway

beforeAll(async () => {
  aside = mkdtempSync(join(tmpdir(), 'gongdao-follower-'))
  authority = await startTimestampAuthority({ notAfter: Date.now() + 10 * YEAR })
  const roots = join(aside, 'roots.pem')
  writeFileSync(roots, authority.root)
  const timestamps = {
    ...{ url: authority.url, roots, everyMs: 100, timeoutMs: 5_000, toleranceMs: 60_000 },
    renewBeforeMs: 86_400_000,
  }
  const registrar = { listen: { host: '127.0.0.1', port: 0 } }
  system = await startSystem({ config: () => ({ registrar, timestamps }) })
  second = await furtherGateway(system, 2, { timestamps })
  third = await furtherGateway(system, 3)
  await Promise.all([second.start(), third.start()])
  for (const one of [system, second, third]) expect((await one.run('S3')).status).toBe(200)
}, 60_000)
afterAll(async () => {
  for (const one of [third, second, system]) await one[Symbol.asyncDispose]()
  await authority.close()
  rmSync(aside, { recursive: true })
})

function keysOf(data: string): string {
  return readFileSync(join(data, 'ledger/keys.txt'), 'utf8')
}

function verified(data: string): Promise<VerifiedLedger> {
  return verifyLedger({ data, keys: keysOf(data), now: Date.now(), threads: 1 })
}

test('each has its own chain stamped, and none stamps for ever because the other has', async () => {
  const status = [() => second.running().core.anchors(), () => system.gateway.core.anchors()]
  const numbers = (): string => status.map((of) => of()?.last?.number ?? 'none').join()
  let before = ''
  await until(async () => {
    before = numbers()
    // Each looks once a second.
    await pause(2_200)
    return numbers() === before && !before.includes('none')
  }, 'all is covered, and quiet')
  for (const of of status) expect(of()?.uncoveredSince).toBeUndefined()
})

test('a gateway that follows a registry archives its ledger under its own key, and gets it back whole', async () => {
  const { data, id } = second
  const [archive, to] = [join(aside, 'archive'), join(aside, 'restored')]
  const keys = keysOf(data)
  const signing = archiveSigner(data, keys)
  expect([signing.gateway, archiveSigner(system.data, keysOf(system.data)).gateway]).toEqual([
    id,
    undefined,
  ])
  const now = systemClock().now()
  await takeArchive({ data, to: archive, keys, now, ...signing })
  expect(checkArchive(archive, keys)).toMatchObject({ findings: [], manifests: 1 })
  expect(checkArchive(archive, keysOf(third.data)).findings).toEqual([
    expect.stringContaining('not pinned'),
  ])
  // Under a name that is not its key's.
  await expect(
    takeArchive({ data, to: join(aside, 'other'), keys, now, signer: signing.signer }),
  ).rejects.toThrow('not one of the pinned key')
  restoreArchive({ archive, to, keys })
  const { findings, stamps } = await verified(to)
  expect([findings, stamps?.count]).toEqual([[], expect.any(Number)])
})

test('a registry that another process writes may be behind in a folder; in the registrar’s own it may not', async () => {
  for (const one of [second, third, system]) await one.stop()
  const { pins } = await verified(system.data)
  const registry = parsePinnedKeys(keysOf(system.data)).registry!.name
  const { size } = pins.chains.get(registry)!.state.edge
  const key = logKey(join(foldersOf(system.data).keys, 'registrar-log.key'), false)
  const note = join(aside, 'newer.txt')
  writeFileSync(note, checkpointWriter(registry, ed25519Signer(key))(size + 1, leafHashOf('newer')))
  const kindsOf = async (data: string): Promise<unknown> => {
    const options = { data, keys: keysOf(data), now: Date.now(), threads: 1, notes: [note] }
    return (await verifyLedger(options)).findings.map(({ chain, kind }) => [chain, kind])
  }
  expect(await kindsOf(third.data)).toEqual([[registry, 'behind']])
  expect(await kindsOf(system.data)).toEqual([[registry, 'chain-truncated']])
})

test('each folder is whole by itself, and misses no stamp but those of its own chains', async () => {
  for (const [data, count] of [
    [system.data, expect.any(Number)],
    [second.data, expect.any(Number)],
    [third.data, undefined],
  ] as const) {
    const { findings, stamps } = await verified(data)
    expect([findings, stamps?.count]).toEqual([[], count])
  }
  rmSync(join(second.data, 'ledger/anchors'), { recursive: true })
  const { findings } = await verified(second.data)
  expect(new Set(findings.map(({ kind }) => kind))).toEqual(new Set(['anchor-missing']))
})
