import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { nodeDisk } from '../../adapters/ledger-journal/disk.ts'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import { replaceSegment, stripped } from '../../adapters/ledger-journal/strip-segment.ts'
import { usedPart } from '../../adapters/ledger-journal/used-part.ts'
import { restoreArchive } from '../../deploy/archive/restore-archive.ts'
import { takeArchive } from '../../deploy/archive/take-archive.ts'
import { plan, prune } from '../../deploy/prune/prune.ts'
import { parseWitnessPolicy, witnessPolicyText } from '../../gateway/ledger/witness-policy.ts'
import { cosignerOf, cosignerVkey } from '../../gateway/witness/cosignature.ts'
import { readLedger } from '../../deploy/read-ledger.ts'
import { verifyLedger } from '../../deploy/verify-ledger.ts'
import type { VerifiedLedger } from '../../deploy/verify-ledger.ts'
import { checkOrders } from '../harness/check-orders.ts'
import type { Order } from '../../gateway/erasure/parts.ts'
import type { Json } from '../../policies/canonical-json.ts'
import { Instant } from '../../policies/vocabulary.ts'
import {
  DAY,
  FIRST,
  LATER,
  PAIRS,
  makePrunable,
  orderTo,
  removeTemplates,
} from '../harness/prunable-ledger.ts'
import type { Making, Prunable } from '../harness/prunable-ledger.ts'
import { exchangeId } from '../harness/records.ts'
import { GATEWAY, KEYS, REGISTRY, THEN, openOn, put, registrar } from '../harness/small-ledger.ts'
import { startTimestampAuthority } from '../harness/timestamp-authority.ts'
import type { TestAuthority } from '../harness/timestamp-authority.ts'

let authority: TestAuthority
const made: Prunable[] = []

beforeAll(async () => {
  authority = await startTimestampAuthority({ notBefore: THEN - DAY, notAfter: LATER + 3650 * DAY })
})
afterAll(async () => {
  await removeTemplates()
  await authority.close()
})
afterEach(() => {
  for (const { data } of made.splice(0)) rmSync(dirname(data), { recursive: true })
})

async function prunable(making?: Making): Promise<Prunable> {
  const ledger = await makePrunable(authority, making)
  made.push(ledger)
  return ledger
}

function verified({ data }: { data: string }): Promise<VerifiedLedger> {
  return verifyLedger({ data, keys: KEYS, now: LATER + DAY, threads: 1 })
}

function segments({ data }: Prunable): string[] {
  const folder = chainFolder(data, FIRST)
  return readdirSync(folder)
    .filter((name) => name.endsWith('.seg'))
    .map((name) => join(folder, name))
}

function bytesOf(ledger: Prunable): number {
  return segments(ledger).reduce((sum, file) => sum + usedPart(readFileSync(file)).bytes.length, 0)
}

function isThere(ledger: Prunable, text: string): boolean {
  return segments(ledger).some((file) => readFileSync(file).includes(text))
}

test('records whose time is over are gone; tree, proofs and signatures stand, and verify says what was pruned', async () => {
  const ledger = await prunable()
  const before = await verified(ledger)
  expect(before.findings).toEqual([])
  const whole = bytesOf(ledger)
  const [planned] = await prune(ledger.options)
  expect(planned).toMatchObject({ chain: FIRST, size: ledger.size, stays: undefined })
  expect(isThere(ledger, exchangeId(0))).toBe(false)
  expect(isThere(ledger, 'S'.repeat(200))).toBe(false)
  expect(bytesOf(ledger)).toBeLessThan(whole / 3)
  const { counts, findings } = await verified(ledger)
  expect(findings).toEqual([])
  expect(counts).toMatchObject({
    pruned: ledger.size,
    withoutRecord: 0,
    // The officers' list, and what they ordered.
    leaves: before.counts.leaves + 2,
    checkpoints: before.counts.checkpoints + 2,
  })
  const { archive } = (await openOn(ledger.data, FIRST)).journal
  expect(await archive.read(7)).toBeUndefined()
  const { edge } = (await openOn(ledger.data, FIRST)).journal
  expect(edge.size).toBe(ledger.size)
  const leaf = readLedger(ledger.data).view.upkeep.pruned
  expect([...leaf]).toEqual([[FIRST, ledger.size]])
})

test('records that must be kept longer stay, with everything behind them', async () => {
  const ledger = await prunable()
  // A hundred pairs or so stand in a segment; a pair is kept for 365 days.
  const before = THEN + (365 + 150) * DAY
  const [planned] = await prune({ ...ledger.options, order: orderTo(before) })
  expect(planned?.segments.length).toBe(1)
  expect(planned?.stays).toMatch(/must be kept until 20/)
  const kept = await verified(ledger)
  expect(kept.findings).toEqual([])
  expect(kept.counts.pruned).toBe(planned?.size)
  for (let number = 0; number < PAIRS; number += 1) {
    const until = THEN + (number + 365) * DAY
    if (until > before) expect(isThere(ledger, exchangeId(number))).toBe(true)
  }
  expect(isThere(ledger, exchangeId(0))).toBe(false)
  // The rest when its time has come.
  const [rest] = await prune(ledger.options)
  expect(rest?.size).toBe(ledger.size)
  const { counts, findings } = await verified(ledger)
  expect(findings).toEqual([])
  expect(counts.pruned).toBe(ledger.size)
})

test('what no agreement says anything of is kept as long as the policy says', async () => {
  const ledger = await prunable()
  const [planned] = await prune({ ...ledger.options, order: orderTo(LATER, 36_500) })
  expect(planned).toMatchObject({ size: 0, segments: [] })
})

test.each<[string, Making, Partial<Prunable['options']>, string | RegExp]>([
  ['no time-stamp covers it', { name: 'unstamped', stamped: false }, {}, 'no time-stamp'],
  ['witnesses have not cosigned', {}, { policy: oneWitness() }, 'cosignatures'],
])('nothing goes where %s', async (_, making, changes, words) => {
  const ledger = await prunable(making)
  if (changes.policy !== undefined) await publishOne(ledger)
  const [planned] = await prune({ ...ledger.options, ...changes })
  expect(planned).toMatchObject({ size: 0, segments: [] })
  expect(planned?.stays).toMatch(words)
  expect((await verified(ledger)).counts.pruned).toBe(0)
})

function oneWitness(): ReturnType<typeof parseWitnessPolicy> {
  const key = cosignerVkey(cosignerOf('audit.example/w1', Buffer.alloc(32, 7)))
  return parseWitnessPolicy(witnessPolicyText([key], 1))
}

/** Published, and cosigned by nobody. */
async function publishOne({ data }: Prunable): Promise<void> {
  const { openCheckpointsFolder, checkpointsFolder } =
    await import('../../adapters/checkpoints-folder/checkpoints-folder.ts')
  const store = await openCheckpointsFolder(checkpointsFolder(data))
  await store.close()
}

test('nothing goes that the archive does not have as it is here', async () => {
  const ledger = await prunable()
  const [first = ''] = segments(ledger)
  const bytes = readFileSync(first)
  const at = bytes.indexOf(exchangeId(3))
  bytes.write('9', at)
  writeFileSync(first, bytes)
  const [planned] = await prune(ledger.options)
  expect(planned?.stays).toContain('not in the archive')
  expect(planned?.segments).toEqual([])
  await expect(prune({ ...ledger.options, archive: join(ledger.archive, 'none') })).rejects.toThrow(
    'holds nothing yet',
  )
})

test.each<[string, Partial<Prunable['options']>, string]>([
  ['an order of one officer', { order: orderTo(LATER, 1, ['DPO-1']) }, 'approvals-missing'],
  ['one officer twice', { order: orderTo(LATER, 1, ['DPO-1', 'DPO-1']) }, 'same-person'],
  ['an officer for something else', { order: orderTo(LATER, 1, ['DPO-1', 'LEGAL-1']) }, 'role'],
  ['an order that was changed', { order: changed(orderTo(LATER, 1000), 1) }, 'signature-wrong'],
  ['a day in the future', { order: orderTo(LATER + 2 * DAY) }, 'future'],
])('%s is refused, and nothing is changed', async (_, changes, words) => {
  const ledger = await prunable()
  const bytes = bytesOf(ledger)
  await expect(prune({ ...ledger.options, ...changes })).rejects.toThrow(words)
  expect(readLedger(ledger.data).view.upkeep.pruned.size).toBe(0)
  expect(bytesOf(ledger)).toBe(bytes)
})

function changed({ approvals, statement }: Order, keepDays: number): Order {
  return { approvals, statement: { ...statement, keepDays } }
}

test('who ordered it is provable from the registry alone, for ever; a leaf that two officers did not order is found', async () => {
  const ledger = await prunable()
  await prune(ledger.options)
  expect(checkOrders(ledger.data, REGISTRY)).toEqual([])
  const leaf = { archive: 'A'.repeat(43), at: LATER + DAY, chain: FIRST, size: 1, v: 1 }
  const { approvals, statement } = ledger.options.order
  const { chain: registry } = await openOn(ledger.data, REGISTRY)
  const its = { approvals, gateway: GATEWAY, officers: 0, statement } as unknown as Json
  await put(registry, 'pruned', { ...leaf, officers: ['AUDIT-1', 'DPO-1'] })
  await put(registry, 'pruned', { ...leaf, ...(its as object) })
  await registry.close()
  expect(checkOrders(ledger.data, REGISTRY).map(({ sentence }) => sentence)).toEqual([
    'its record does not have the members of an order',
    'it names officers whom the registry had not named before it',
  ])
})

test('an order serves once: what it did not take is not taken by it later', async () => {
  const ledger = await prunable()
  const order = orderTo(THEN + (365 + 150) * DAY)
  await prune({ ...ledger.options, order })
  const pruned = readLedger(ledger.data).view.upkeep.pruned.get(FIRST)
  await prune({ ...ledger.options, order })
  expect(readLedger(ledger.data).view.upkeep.pruned.get(FIRST)).toBe(pruned)
  // The statement is theirs; another day under it is not.
  const more = {
    ...order,
    statement: { ...order.statement, before: Instant.ofMilliseconds(LATER) },
  }
  await expect(prune({ ...ledger.options, order: more })).rejects.toThrow(/signature-wrong|served/)
  expect(checkOrders(ledger.data, REGISTRY)).toEqual([])
})

test('a legal hold on one exchange keeps its segment and all behind it, until two officers end it', async () => {
  const hold = {
    approvals: [],
    at: THEN,
    officers: 1,
    statement: { act: 'hold', exchange: exchangeId(150), id: 'h1' },
    v: 1,
  }
  const release = { ...hold, statement: { act: 'release', hold: 'h1', id: 'r1' } }
  const ledger = await prunable({
    name: 'held',
    inRegistry: async (registry) => {
      await put(registry, 'hold', { ...hold, gateway: GATEWAY })
      // Nobody signed it: what is gone would not come back.
      await put(registry, 'release', { ...release, gateway: GATEWAY })
    },
  })
  const [planned] = await prune(ledger.options)
  expect(planned?.stays).toContain('legal hold')
  expect(isThere(ledger, exchangeId(150))).toBe(true)
  expect(isThere(ledger, exchangeId(0))).toBe(false)
})

test('an intent that waits for its outcome stays', async () => {
  const ledger = await prunable()
  const second = chainFolder(ledger.data, FIRST.replace(/1$/, '2'))
  rmSync(second, { recursive: true })
  const [planned] = await prune(ledger.options)
  expect(planned?.stays).toContain('waits for its outcome')
})

test('two prunings at a time are one after the other', async () => {
  const ledger = await prunable()
  const both = await Promise.allSettled([prune(ledger.options), prune(ledger.options)])
  expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  expect((await verified(ledger)).findings).toEqual([])
})

test.each([1, 2, 3])(
  'a crash after step %i: verify is clean, and the next run goes on',
  async (steps) => {
    const ledger = await prunable()
    let left = steps
    const onStep = (): void => {
      left -= 1
      if (left === 0) throw new Error('killed')
    }
    await expect(prune({ ...ledger.options, onStep })).rejects.toThrow('killed')
    const half = segments(ledger)[1] ?? ''
    writeFileSync(`${half}.new`, 'half a segment')
    expect((await verified(ledger)).findings).toEqual([])
    await prune(ledger.options)
    const { counts, findings } = await verified(ledger)
    expect(findings).toEqual([])
    expect(counts.pruned).toBe(ledger.size)
    expect(readLedger(ledger.data).view.upkeep.pruned.get(FIRST)).toBe(ledger.size)
  },
)

test('records that are gone without a leaf, or beyond what it says, are missing', async () => {
  const ledger = await prunable()
  const before = THEN + (365 + 150) * DAY
  const [planned] = await prune({ ...ledger.options, order: orderTo(before) })
  const folder = chainFolder(ledger.data, FIRST)
  const { bytes } = usedPart(readFileSync(segments(ledger)[1] ?? ''))
  await replaceSegment({ disk: nodeDisk, folder }, 2, stripped(bytes))
  const { findings } = await verified(ledger)
  expect(findings[0]).toMatchObject({ chain: FIRST, kind: 'record-missing', first: planned?.size })
  expect(new Set(findings.map(({ kind }) => kind))).toEqual(new Set(['record-missing']))
})

test('a leaf that is altered among pruned ones is found', async () => {
  const ledger = await prunable()
  await prune(ledger.options)
  const [first = ''] = segments(ledger)
  const bytes = readFileSync(first)
  const at = bytes.indexOf('"record":"') + 12
  bytes.writeUInt8(bytes.readUInt8(at) === 0x41 ? 0x42 : 0x41, at)
  writeFileSync(first, bytes)
  expect((await verified(ledger)).findings[0]).toMatchObject({
    chain: FIRST,
    kind: 'frame-damaged',
  })
})

test('the archive keeps what was pruned, also when it is taken again, and gives back the whole ledger', async () => {
  const ledger = await prunable()
  await prune(ledger.options)
  const now = Instant.ofMilliseconds(LATER + DAY)
  const { data, archive: to } = ledger
  const again = await takeArchive({ data, to, keys: KEYS, signer: registrar, now })
  expect(
    again.manifest.entries.map(({ path }) => path).filter((path) => path.includes('exchange')),
  ).toEqual([])
  const restored = join(dirname(data), 'restored')
  restoreArchive({ archive: to, to: restored, keys: KEYS })
  const { counts, findings } = await verified({ data: restored })
  expect(findings).toEqual([])
  expect(counts).toMatchObject({ pruned: 0, intents: PAIRS + 1 })
})

test('a plan changes nothing', async () => {
  const ledger = await prunable()
  const times = segments(ledger).map((file) => statSync(file).mtimeMs)
  const [planned] = (await plan({ ...ledger.options, before: LATER, leastDays: 100 })).chains
  expect(planned?.size).toBe(ledger.size)
  expect(segments(ledger).map((file) => statSync(file).mtimeMs)).toEqual(times)
  expect(readLedger(ledger.data).view.upkeep.pruned.size).toBe(0)
})
