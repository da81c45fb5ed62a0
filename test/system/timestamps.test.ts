/** A whole gateway whose ledger is time-stamped by a real authority (`openssl ts`). */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { takeArchive } from '../../deploy/archive/take-archive.ts'
import { logKey } from '../../deploy/log-keys.ts'
import { askDuties } from '../../deploy/duties/ask-duties.ts'
import { checkOrders } from '../harness/check-orders.ts'
import type { Outcome } from '../../deploy/duties/duties.ts'
import { plan, prune } from '../../deploy/prune/prune.ts'
import { systemClock } from '../../deploy/system.ts'
import { verifyLedger } from '../../deploy/verify-ledger.ts'
import type { VerifiedLedger } from '../../deploy/verify-ledger.ts'
import type { Order } from '../../gateway/erasure/parts.ts'
import { ed25519Signer } from '../../gateway/ledger/signer.ts'
import { Digest, Instant } from '../../policies/vocabulary.ts'
import { appointOfficers, carryOut, order } from '../erasure/officers.ts'
import { audit } from '../harness/audit.ts'
import { startSystem } from '../harness/system.ts'
import type { System } from '../harness/system.ts'
import { startTimestampAuthority } from '../harness/timestamp-authority.ts'
import type { TestAuthority } from '../harness/timestamp-authority.ts'
import { until } from '../harness/until.ts'

/** Whom S3 is about. */
const PERSON = 'A000000018'
const YEAR = 366 * 86_400_000
let authority: TestAuthority
let system: System
let aside: string

beforeEach(async () => {
  aside = mkdtempSync(join(tmpdir(), 'gongdao-stamped-'))
  authority = await startTimestampAuthority({ notAfter: Date.now() + 10 * YEAR })
  writeFileSync(join(aside, 'roots.pem'), authority.root)
  const timestamps = {
    url: authority.url,
    roots: join(aside, 'roots.pem'),
    everyMs: 100,
    timeoutMs: 5_000,
    toleranceMs: 60_000,
    renewBeforeMs: 86_400_000,
  }
  system = await startSystem({ config: () => ({ timestamps }) })
})
afterEach(async () => {
  await system[Symbol.asyncDispose]()
  await authority.close()
  rmSync(aside, { recursive: true })
})

function status(): ReturnType<System['gateway']['core']['anchors']> {
  return system.gateway.core.anchors()
}

async function stamped(more = 1): Promise<void> {
  const before = status()?.last?.number ?? 0
  await until(() => (status()?.last?.number ?? 0) >= before + more, 'a time-stamp is on record')
}

function pinned(): string {
  return readFileSync(join(system.data, 'ledger/keys.txt'), 'utf8')
}

function verified(roots?: string): Promise<VerifiedLedger> {
  const keys = pinned()
  const own = roots === undefined ? {} : { timestampRoots: roots }
  return verifyLedger({ data: system.data, keys, now: Date.now(), threads: 1, ...own })
}

test('heads are time-stamped while exchanges go on, also across a restart; verify checks every stamp offline', async () => {
  await system.run('S3')
  await stamped()
  await system.stop()
  await system.start()
  await system.run('S3')
  await stamped()
  await system.stop()
  await authority.close()
  const { findings, stamps } = await verified()
  expect(findings).toEqual([])
  expect(stamps?.count).toBeGreaterThanOrEqual(2)
  const other = await startTimestampAuthority()
  writeFileSync(join(aside, 'other.pem'), other.root)
  await other.close()
  const stranger = await verified(join(aside, 'other.pem'))
  expect(new Set(stranger.findings.map(({ kind }) => kind))).toEqual(new Set(['anchor-wrong']))
})

test('an authority that never answers holds up nothing, neither an exchange nor the stop', async () => {
  await stamped()
  authority.lie = { kind: 'slow' }
  const asked = authority.asked
  await system.run('S3')
  await until(() => authority.asked > asked, 'the authority is asked')
  const began = performance.now()
  for (let count = 0; count < 5; count += 1) expect((await system.run('S3')).status).toBe(200)
  await system.stop()
  expect(performance.now() - began).toBeLessThan(4_000)
})

test('an authority that is away is told, with its age; it is asked again, and what it missed is covered', async () => {
  authority.lie = { kind: 'http', status: 503 }
  expect((await system.run('S3')).status).toBe(200)
  await until(() => status()?.failing !== undefined, 'it is told')
  expect(status()?.uncoveredSince).toBeLessThanOrEqual(Date.now())
  expect(system.reports.filter((sentence) => sentence.includes('no time-stamp'))).toHaveLength(1)
  authority.lie = undefined
  await until(() => status()?.failing === undefined, 'it is asked again')
  expect(status()?.last).toBeDefined()
})

test('records are pruned while the gateway runs; then it starts again, verify is clean, and what was kept replays', async () => {
  for (let count = 0; count < 2; count += 1) {
    await system.run('S3')
    await stamped()
    await system.stop()
    await system.start()
  }
  await stamped()
  appointOfficers(system.data)
  const held = await carryOut(system.data, { act: 'hold', numbers: [PERSON] })
  const key = logKey(join(system.data, 'keys/registrar-log.key'), false)
  const its = { data: system.data, keys: pinned() }
  const archive = join(aside, 'archive')
  await takeArchive({ ...its, signer: ed25519Signer(key), to: archive, now: systemClock().now() })
  const then = Instant.ofMilliseconds(Date.now() + 3 * YEAR)
  const rules = { ...its, archive, now: then }
  const until = { before: then, leastDays: 1 }
  // Only the running gateway has the keys that lead from a pseudonym to her.
  const [kept] = (await plan({ ...rules, ...until })).chains
  expect(kept).toMatchObject({ size: 0, stays: expect.stringContaining('legal hold') })
  if (held.kind !== 'held') throw new Error(held.kind)
  await carryOut(system.data, { act: 'release', hold: held.id })
  const [whole] = (await plan({ ...rules, before: then, leastDays: 1 })).chains
  expect(whole).toMatchObject({ chain: 'TW/exchange/TW/GOV/GONGDAO/gateway-1/1', stays: undefined })
  // Nobody has a day of then signed today.
  await expect(prune({ ...rules, order: orderTo(then) })).rejects.toThrow('before-future')
  const chains = [{ chain: whole?.chain ?? '', size: whole?.size ?? 0 }]
  const digest = (await plan({ ...rules, before: 0, leastDays: 1 })).archive
  const handIn = (): Promise<Outcome> =>
    askDuties(system.data, {
      ask: 'order',
      order: orderTo(Date.now() - 1000),
      plan: { archive: digest, chains },
    })
  expect(await handIn()).toEqual({ kind: 'pruning-recorded', chains: 1 })
  // From here on as if the leaves had been recorded by then.
  await prune({ ...rules, order: orderTo(then) })
  expect((await system.run('S3')).status).toBe(200)
  await system.stop()
  await system.start()
  expect((await system.run('S3')).status).toBe(200)
  await system.stop()
  const { counts, findings } = await verified()
  expect(findings).toEqual([])
  expect(checkOrders(system.data, 'TW/registry')).toEqual([])
  expect(counts.pruned).toBeGreaterThan(3)
  const { replay } = await audit(system.data)
  expect(replay).toEqual({ agree: 3, differ: 0, undecidable: 0, stale: 0 })
})

function orderTo(before: number): Order {
  return order({ act: 'prune', before: Instant.ofMilliseconds(before), keepDays: 1 })
}

test('a chain that the running gateway still answers for is not pruned, whoever asks', async () => {
  await system.stop()
  await system.start()
  appointOfficers(system.data)
  const archive = Digest.parse('A'.repeat(43))
  for (const n of [1, 2]) {
    const chains = [{ chain: `TW/exchange/TW/GOV/GONGDAO/gateway-1/${n}`, size: 1 }]
    const plan = { archive, chains }
    const asking = { ask: 'order', order: orderTo(Date.now() - 1000), plan } as const
    expect(await askDuties(system.data, asking)).toMatchObject({ code: 'chain-needed' })
  }
})

test('an operator who puts another history in place of what was stamped is convicted by the stamps alone', async () => {
  await system.run('S3')
  await system.stop()
  cpSync(join(system.data, 'ledger'), join(aside, 'ledger'), { recursive: true })
  cpSync(join(system.data, 'keys'), join(aside, 'keys'), { recursive: true })
  await system.start()
  await system.run('S3')
  await stamped()
  await system.stop()
  cpSync(join(system.data, 'ledger/anchors'), join(aside, 'anchors'), { recursive: true })
  // The same keys, the same start: another exchange in place of the one that was stamped, and no trace of the other checkpoints.
  for (const part of ['ledger', 'keys']) {
    rmSync(join(system.data, part), { recursive: true })
    cpSync(join(aside, part), join(system.data, part), { recursive: true })
  }
  await system.start()
  for (let count = 0; count < 3; count += 1) await system.run('household')
  await system.stop()
  expect((await verified()).findings).toEqual([])
  rmSync(join(system.data, 'ledger/anchors'), { recursive: true })
  cpSync(join(aside, 'anchors'), join(system.data, 'ledger/anchors'), { recursive: true })
  const kinds = new Set((await verified()).findings.map(({ kind }) => kind))
  expect(kinds).toContain('history-rewritten')
})
