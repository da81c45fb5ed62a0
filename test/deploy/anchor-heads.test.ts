import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { AnchorsFolder, readAnchors } from '../../adapters/checkpoints-folder/anchors-folder.ts'
import {
  stampChecker,
  timestampAuthority,
} from '../../adapters/timestamp-rfc3161/timestamp-authority.ts'
import { Anchoring } from '../../deploy/anchor-heads.ts'
import { systemChance } from '../../deploy/system.ts'
import { aggregateOf, aggregateText, anchorLine, stampDigest } from '../../gateway/ledger/anchor.ts'
import { checkAnchors } from '../../gateway/ledger/check-anchors.ts'
import { digestOf } from '../../gateway/ledger/hash.ts'
import type { AnchorRecord } from '../../gateway/ledger/registry-events.ts'
import { RegistryView } from '../../gateway/projections/registry-view.ts'
import { documentCrypto } from '../../gateway/registry/agreement-signatures.ts'
import { GatewayId, Instant } from '../../policies/vocabulary.ts'
import type { Digest } from '../../policies/vocabulary.ts'
import { memoryChain } from '../harness/memory-ledger.ts'
import type { MemoryChain } from '../harness/memory-ledger.ts'
import { startTimestampAuthority } from '../harness/timestamp-authority.ts'
import type { TestAuthority } from '../harness/timestamp-authority.ts'
import { until } from '../harness/until.ts'

const MINUTE = 60_000
const DAY = 86_400_000
const REGISTRY = 'T/registry'

let authority: TestAuthority
let data: string
let now: number
let registry: MemoryChain
let exchange: MemoryChain
let view: RegistryView
let folder: AnchorsFolder
let reports: string[]

beforeAll(async () => {
  authority = await startTimestampAuthority()
})
afterAll(() => authority.close())
beforeEach(async () => {
  now = Date.now()
  data = mkdtempSync(join(tmpdir(), 'gongdao-anchors-'))
  registry = memoryChain(REGISTRY)
  exchange = memoryChain('T/exchange/gw/1')
  view = new RegistryView()
  reports = []
  folder = await AnchorsFolder.open(data)
  authority.lie = undefined
  await authority.become({ notAfter: now + 365 * DAY })
})
afterEach(async () => {
  await folder.close()
  rmSync(data, { recursive: true })
})

function open(): Promise<Anchoring> {
  const clock = { now: () => Instant.ofMilliseconds(now) }
  const rules = { roots: [authority.root], timeoutMs: 2000, toleranceMs: 2000 }
  return Anchoring.open({
    authority: timestampAuthority({ ...rules, url: authority.url, clock, chance: systemChance() }),
    check: stampChecker(rules),
    folder,
    registry: { chain: registry, view, sha256: documentCrypto.sha256 },
    gateway: GatewayId.parse('T/GOV/A300000014/gw1'),
    heads: () => [registry.head(), exchange.head()],
    clock,
    everyMs: MINUTE,
    renewBeforeMs: 30 * DAY,
    report: (sentence) => reports.push(sentence),
  })
}

async function look(anchoring: Anchoring, after = MINUTE): Promise<void> {
  now += after
  authority.time = now
  await anchoring.look()
}

async function grow(chain: MemoryChain = exchange): Promise<void> {
  await chain.append({ kind: 'seal', record: `{"at":${String(now)},"v":1}` })
}

function leaves(): Map<number, AnchorRecord> {
  const found = registry.entries.flatMap(({ kind, record }, index) =>
    kind === 'anchor' ? ([[index, JSON.parse(record) as AnchorRecord]] as const) : [],
  )
  return new Map(found)
}

function audit(at = now): ReturnType<typeof checkAnchors> {
  return checkAnchors({
    registry: REGISTRY,
    anchors: readAnchors(data),
    leaves: leaves(),
    check: stampChecker({ roots: [authority.root] }),
    now: at,
  })
}

async function kinds(at = now): Promise<string[]> {
  return (await audit(at)).findings.map(({ kind }) => kind)
}

/** What an operator could do to the folder. */
async function rewrite(change: (lines: string[]) => string[]): Promise<void> {
  const file = join(data, readdirSync(data)[0] ?? '')
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  writeFileSync(
    file,
    change(lines)
      .map((line) => `${line}\n`)
      .join(''),
  )
}

async function threeAnchors(): Promise<void> {
  const anchoring = await open()
  for (let count = 0; count < 3; count += 1) {
    await grow()
    await look(anchoring)
  }
}

test('what has grown is stamped once a minute, and the leaf of a stamp needs no stamp of its own', async () => {
  const anchoring = await open()
  await grow()
  await look(anchoring)
  await grow()
  await look(anchoring, 1000)
  expect(authority.asked).toBe(1)
  expect(anchoring.status()).toMatchObject({ last: { number: 1 } })
  await look(anchoring)
  expect(anchoring.status()).toMatchObject({ last: { number: 2 } })
  for (let minutes = 0; minutes < 5; minutes += 1) await look(anchoring)
  expect(authority.asked).toBe(2)
  const { findings, heads, newest } = await audit()
  expect(findings).toEqual([])
  expect(newest).toBe(anchoring.status().last?.at)
  expect(heads.map(({ origin, size }) => [origin, size])).toEqual([
    ['T/exchange/gw/1', 1],
    [REGISTRY, 0],
    ['T/exchange/gw/1', 2],
    [REGISTRY, 1],
  ])
})

test.each(['huge', 'garbage', 'nonce'] as const)(
  'an authority that is away (%s) is asked again, later and later; it is told once, and when it is back',
  async (kind) => {
    const before = authority.asked
    const anchoring = await open()
    authority.lie = { kind }
    await grow()
    const began = now + MINUTE
    await look(anchoring)
    for (let second = 0; second < 60; second += 1) await look(anchoring, 1000)
    expect(authority.asked - before).toBe(6)
    expect(reports).toHaveLength(1)
    expect(anchoring.status()).toEqual({
      uncoveredSince: began,
      failing: { since: began, sentence: expect.any(String) },
    })
    authority.lie = undefined
    await look(anchoring, 5 * MINUTE)
    expect(anchoring.status()).toEqual({ last: expect.objectContaining({ number: 1 }) })
    expect(reports.at(-1)).toBe('time-stamps are made again')
  },
)

test('a crash between stamp and leaf: the next start completes it, and goes on with the next number', async () => {
  const anchoring = await open()
  await grow()
  registry.room = 'finishes'
  const before = authority.asked
  for (let seconds = 0; seconds < 20; seconds += 1)
    await look(anchoring, seconds === 0 ? MINUTE : 1000)
  expect(leaves().size).toBe(0)
  // The stamp is there: the authority is not asked for another before its leaf is.
  expect(authority.asked - before).toBe(1)
  expect(anchoring.status().failing?.sentence).toMatch(/^it can not be put on record: /)
  expect(reports).toHaveLength(1)
  await folder.close()
  folder = await AnchorsFolder.open(data)
  registry.room = 'all'
  const next = await open()
  await look(next)
  expect([...leaves().values()].map(({ number }) => number)).toEqual([1, 2])
  expect(await kinds()).toEqual([])
})

test('where the folder of anchors was lost, that is a finding, and the next stamp follows the newest leaf', async () => {
  await threeAnchors()
  await folder.close()
  rmSync(data, { recursive: true })
  folder = await AnchorsFolder.open(data)
  await grow()
  await look(await open())
  expect([...leaves().values()].map(({ number }) => number)).toEqual([1, 2, 3, 4])
  expect(await kinds()).toEqual([
    'anchor-wrong',
    'anchor-missing',
    'anchor-missing',
    'anchor-missing',
  ])
})

test('a stamp is renewed before its certificate ends, and speaks for all earlier ones then', async () => {
  const anchoring = await open()
  await grow()
  await look(anchoring)
  const ends = anchoring.status().last?.notAfter ?? 0
  // Nothing is left to stamp, but the certificate ends soon; the authority has no later one yet.
  now = ends - 20 * DAY
  await look(anchoring)
  for (let hours = 0; hours < 23; hours += 1) await look(anchoring, DAY / 24)
  expect(anchoring.status()).toMatchObject({ last: { number: 2, notAfter: ends }, isEnding: true })
  await authority.become({ notAfter: ends + 300 * DAY })
  await look(anchoring, 2 * DAY)
  expect(anchoring.status().last?.number).toBe(3)
  expect(anchoring.status().isEnding).toBeUndefined()
  await look(anchoring, 100 * DAY)
  expect(anchoring.status().last?.number).toBe(3)
  expect(await kinds(ends + 299 * DAY)).toEqual([])
  expect(await kinds(ends + 301 * DAY)).toEqual(['anchor-expired'])
})

test('a renewal that came too late is found: nothing shows that the earlier stamp was not made after its time', async () => {
  const anchoring = await open()
  await grow()
  await look(anchoring)
  const ends = anchoring.status().last?.notAfter ?? 0
  now = ends + DAY
  await authority.become({ notAfter: ends + 300 * DAY })
  await look(anchoring)
  expect(anchoring.status().last?.number).toBe(2)
  expect(await kinds()).toEqual(['anchor-expired'])
})

test('an authority whose clock goes back is not believed', async () => {
  const anchoring = await open()
  await grow()
  await look(anchoring)
  await grow()
  now += MINUTE
  authority.lie = {
    kind: 'info',
    change: (info) => (info.genTime = new Date(now - 2 * MINUTE)),
  }
  await anchoring.look()
  expect(anchoring.status().failing?.sentence).toContain('time')
  expect(anchoring.status().last?.number).toBe(1)
})

test.each([
  ['a year ahead', 365 * DAY],
  ['an hour ahead', 60 * MINUTE],
])('once a clock that was %s is right again, stamps are made within a minute', async (_, ahead) => {
  const right = now
  const anchoring = await open()
  await grow()
  // The authority's clock is right, ours is not: it is told, and tried later and later.
  now += ahead
  authority.time = right
  for (let seconds = 0; seconds < 40; seconds += 1) {
    now += 1000
    await anchoring.look()
  }
  expect(anchoring.status().failing?.sentence).toContain('compare both')
  now = right
  await look(anchoring)
  expect(anchoring.status()).toEqual({ last: expect.objectContaining({ number: 1 }) })
  expect(await kinds()).toEqual([])
})

test('a disk that is full costs the authority no question a second, and the next stamp follows when there is room', async () => {
  const anchoring = await open()
  await grow()
  await look(anchoring)
  const append = folder.append.bind(folder)
  folder.append = () => Promise.reject(new Error('the disk is full'))
  await grow()
  const before = authority.asked
  for (let seconds = 0; seconds < 60; seconds += 1)
    await look(anchoring, seconds === 0 ? MINUTE : 1000)
  expect(authority.asked - before).toBe(6)
  expect(anchoring.status().failing?.sentence).toBe('it can not be put on record: the disk is full')
  folder.append = append
  await look(anchoring, 5 * MINUTE)
  expect(anchoring.status()).toEqual({ last: expect.objectContaining({ number: 2 }) })
  expect(await kinds()).toEqual([])
})

test.each<[string, (lines: string[]) => string[], string[]]>([
  ['a line is dropped', ([a = '', , c = '']) => [a, c], ['anchor-wrong', 'anchor-missing']],
  ['the last line is dropped', ([a = '', b = '']) => [a, b], ['anchor-missing']],
  ['two lines are swapped', ([a = '', b = '', c = '']) => [b, a, c], ['anchor-wrong']],
  [
    'a size is changed',
    ([a = '', ...rest]) => [a.replace('"size":1', '"size":2'), ...rest],
    ['anchor-wrong'],
  ],
  [
    'a token is changed',
    ([a = '', ...rest]) => [a.replace(/.{4}"}$/, 'AAAA"}'), ...rest],
    ['anchor-wrong'],
  ],
  ['a line is damaged', ([a = '', , c = '']) => [a, '{', c], ['anchor-wrong', 'anchor-missing']],
])('%s: an auditor finds it', async (_, change, expected) => {
  await threeAnchors()
  expect(await kinds()).toEqual([])
  await rewrite(change)
  const found = new Set(await kinds())
  for (const kind of expected) expect(found).toContain(kind)
})

test('what the registry gets while a stamp is made is covered by the next one', async () => {
  const anchoring = await open()
  await grow()
  const before = authority.asked
  const looking = look(anchoring)
  await until(() => authority.asked > before, 'the authority is asked')
  await grow(registry)
  await looking
  await look(anchoring)
  expect(anchoring.status().last?.number).toBe(2)
  await look(anchoring)
  expect(anchoring.status().last?.number).toBe(2)
})

/** Another time-stamp of this number, really made by the authority. */
async function remade(number: number, previous: Digest): Promise<string> {
  const aggregate = aggregateOf([exchange.head()], { number: number - 1, stamp: previous })
  const clock = { now: () => Instant.ofMilliseconds(now) }
  const rules = { roots: [authority.root], timeoutMs: 2000, toleranceMs: 2000 }
  const its = { ...rules, url: authority.url, clock, chance: systemChance() }
  const stamped = await timestampAuthority(its).stamp(Buffer.from(aggregateText(aggregate)))
  if (stamped.kind === 'refused') throw new Error(stamped.sentence)
  return anchorLine({ aggregate, token: stamped.token })
}

test('a stamp that was made again is not the one that the registry names', async () => {
  await threeAnchors()
  const [, second] = [...readAnchors(data)]
  const line = await remade(3, second === undefined ? digestOf('') : stampDigest(second))
  await rewrite(([a = '', b = '']) => [a, b, line])
  const { findings } = await audit()
  expect(findings).toHaveLength(1)
  expect(findings[0]).toMatchObject({ kind: 'anchor-wrong', first: 2 })
})

test('a stamp that does not name the one before it is found, though no leaf speaks of it', async () => {
  await threeAnchors()
  const line = await remade(4, digestOf('another'))
  await rewrite((lines) => [...lines, line])
  expect((await audit()).findings.map(({ sentence }) => sentence)).toEqual([
    'time-stamp 4 does not follow the one before it',
  ])
})

test('heads that were stamped are heads that the chains must still have', async () => {
  await threeAnchors()
  const { heads } = await audit()
  const last = heads.at(-2)
  expect(last).toMatchObject({ origin: 'T/exchange/gw/1', size: 3 })
  expect(Buffer.from(last?.root ?? '', 'latin1').toString('base64url')).toBe(exchange.head().root)
  expect(last?.by).toMatch(/^time-stamp 3 of 20/)
})
