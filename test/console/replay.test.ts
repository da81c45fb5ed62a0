import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { readLedger } from '../../deploy/read-ledger.ts'
import { replayLedger, type ReplayReport } from '../../deploy/replay-ledger.ts'
import { Replay } from '../../gateway/console/replay.ts'
import type { DecisionRecord } from '../../gateway/ledger/events.ts'
import { bookOfManifest } from '../../gateway/projections/book-of-manifest.ts'
import { documentCrypto } from '../../gateway/registry/agreement-signatures.ts'
import type { JsonObject } from '../../policies/canonical-json.ts'
import { forgeChain } from '../harness/forge.ts'
import { startSystem } from '../harness/system.ts'

const FIRST = 'TW/exchange/TW/GOV/GONGDAO/gateway-1/1'
const SECOND = 'TW/exchange/TW/GOV/GONGDAO/gateway-1/2'
/** A ledger of two chains under two manifests: S3, S1, S1 payerName (denied) | S3. */
let good: string
let data: string

beforeAll(async () => {
  const system = await startSystem()
  good = mkdtempSync(join(tmpdir(), 'gongdao-replay-'))
  try {
    for (const name of ['S3', 'S1', 'S1 payerName']) await system.run(name)
    await system.stop()
    const file = join(system.data, 'documents/services/household.json')
    writeFileSync(file, readFileSync(file, 'utf8').replace('"version": 1', '"version": 2'))
    await system.start()
    await system.run('S3')
    await system.stop()
    cpSync(system.data, good, { recursive: true })
  } finally {
    await system[Symbol.asyncDispose]()
  }
}, 120_000)

afterAll(() => {
  rmSync(good, { recursive: true })
})

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'gongdao-replay-'))
  cpSync(good, data, { recursive: true })
})

afterEach(() => {
  rmSync(data, { recursive: true })
})

type Change = (record: JsonObject) => JsonObject

async function forged(change: Change, kind = 'intent', chain = SECOND): Promise<ReplayReport> {
  await forgeChain(data, chain, (record, its) => (its === kind ? change(record) : record))
  return replayLedger(data, () => undefined)
}

function recordsIn(folder: string): readonly DecisionRecord[] {
  const records: DecisionRecord[] = []
  readLedger(folder).exchangeLeaves(({ kind, record }) => {
    if (kind === 'intent' || kind === 'denial') records.push(record as DecisionRecord)
  })
  return records
}

test('a ledger that nobody touched agrees in every decision, permits and denials', () => {
  const { counts, findings } = replayLedger(data, () => undefined)
  expect(counts).toEqual({ agree: 4, differ: 0, undecidable: 0, stale: 0 })
  expect(findings).toEqual([])
})

test('a chain that is only written anew still agrees: what follows is found by the records alone', async () => {
  const { counts } = await forged((record) => record)
  expect(counts.agree).toBe(4)
})

const permitted = { effect: 'permit', errors: [], reasons: ['P01-collect-under-agreement'] }

test.each<[string, string, readonly string[], Change]>([
  [
    'a verdict that the rules don’t give',
    'intent',
    ['verdicts'],
    (record) => ({ ...record, verdicts: { collect: permitted, disclose: permitted } }),
  ],
  [
    'fields beyond the agreement',
    'intent',
    ['fields'],
    (record) => ({ ...record, fields: ['icd10', 'insuredCategory', 'isInsured'] }),
  ],
  [
    'another agreement',
    'intent',
    ['agreement'],
    (record) => ({
      ...record,
      agreement: { ...(record['agreement'] as JsonObject), id: 'AG-S1-INCOME' },
    }),
  ],
  [
    'another basis',
    'intent',
    ['bases'],
    (record) => {
      return { ...record, bases: { collect: 'PDPA-15-3', disclose: 'PDPA-16-1' } }
    },
  ],
  [
    'an obligation left out',
    'intent',
    ['obligations'],
    (record) => ({ ...record, obligations: [] }),
  ],
  [
    'a refusal told for another',
    'denial',
    ['refusals'],
    (record) => ({ ...record, refusals: ['Client.Policy.NoBasis'] }),
  ],
  [
    'a denial turned into a permit',
    'denial',
    ['effect', 'verdicts', 'refusals'],
    (record) => ({
      ...record,
      effect: 'permit',
      refusals: [],
      verdicts: { collect: permitted, disclose: permitted },
    }),
  ],
  ['another rule set', 'intent', ['rules'], (record) => ({ ...record, rules: 'A'.repeat(43) })],
  [
    'another controller',
    'intent',
    ['controllers'],
    (record) => ({
      ...record,
      controllers: { consumer: 'TW/GOV/379000000A', provider: 'TW/GOV/A21030000I' },
    }),
  ],
])('%s is found, and the members are named', async (_, kind, members, change) => {
  const { counts, findings } = await forged(change, kind, kind === 'denial' ? FIRST : SECOND)
  expect(counts).toEqual({ agree: 3, differ: 1, undecidable: 0, stale: 0 })
  expect(findings).toMatchObject([{ finding: 'differ', members }])
})

test('a question told otherwise has another answer', async () => {
  const { findings } = await forged((record) => ({
    ...record,
    question: { ...(record['question'] as JsonObject), purpose: '120' },
  }))
  expect(findings).toMatchObject([{ finding: 'differ', chain: SECOND }])
  expect(findings[0]?.members).toContain('effect')
})

test('a decision by a manifest that the registry never had is undecidable', async () => {
  const { counts, findings } = await forged((record) => ({
    ...record,
    heads: { ...(record['heads'] as JsonObject), manifest: 9999 },
  }))
  expect(counts).toEqual({ agree: 3, differ: 0, undecidable: 1, stale: 0 })
  expect(findings).toMatchObject([{ finding: 'undecidable', members: ['heads.manifest'] }])
})

test('a document that the registry holds with another text than its digest says decides nothing', async () => {
  let changed = 0
  await forgeChain(data, 'TW/registry', (record, kind) => {
    if (kind !== 'document' || record['id'] !== 'members/taipei-city-doit.json') return record
    changed += 1
    return { ...record, text: (record['text'] as string).replace('"en":"', '"en":"X') }
  })
  expect(changed).toBe(1)
  const { counts } = replayLedger(data, () => undefined)
  expect(counts).toEqual({ agree: 0, differ: 0, undecidable: 4, stale: 0 })
})

test.each([
  [1001, 'stale'],
  [1000, 'agree'],
])('decided by what had been superseded for %i ms: %s', async (later, finding) => {
  const [old, now] = readLedger(data).view.manifests
  const { counts, findings } = await forged((record) => ({
    ...record,
    heads: { ...(record['heads'] as JsonObject), manifest: old?.index ?? -1 },
    question: { ...(record['question'] as JsonObject), at: (now?.at ?? 0) + later },
  }))
  expect(counts).toMatchObject(finding === 'stale' ? { agree: 3, stale: 1 } : { agree: 4 })
  expect(findings.map((one) => one.finding)).toEqual(finding === 'stale' ? ['stale'] : [])
})

test('the answer is the judge’s: one that denies everything differs from every permit', () => {
  const { view } = readLedger(data)
  const replay = new Replay({
    view,
    bookOf: (manifest) => bookOfManifest(manifest, view, documentCrypto),
    judgeOf: () => () => ({ decision: 'deny', reasons: [], errors: [] }),
  })
  for (const record of recordsIn(data)) {
    expect(replay.again(record)).toMatchObject({ finding: 'differ' })
  }
})

test('nothing that replay is made of reaches the closures', () => {
  const root = resolve(import.meta.dirname, '../..')
  const reached = new Set<string>()
  const follow = (file: string): void => {
    if (reached.has(file)) return
    reached.add(file)
    const imports = readFileSync(file, 'utf8').matchAll(/from '(\.[^']+)'/g)
    for (const [, path = ''] of imports) follow(resolve(dirname(file), path))
  }
  follow(join(root, 'deploy/replay-ledger.ts'))
  const names = [...reached].map((file) => file.slice(root.length + 1))
  expect(names).toContain('adapters/cedar-engine/judge.ts')
  expect(names.filter((name) => name.startsWith('policies/closures'))).toEqual([])
})

test('another version of the engine confirms, and where it does not, only that version can say', async () => {
  const registry = 'TW/registry'
  await forgeChain(data, registry, (record, kind) =>
    kind === 'manifest'
      ? { ...record, engine: { ...(record['engine'] as JsonObject), version: '0.0.1' } }
      : record,
  )
  const { counts, otherEngines } = replayLedger(data, () => undefined)
  expect(counts).toMatchObject({ agree: 4, differ: 0, undecidable: 0 })
  expect(otherEngines).toEqual([expect.stringMatching(/ 0\.0\.1$/)])
  const lied = await forged((record) => ({ ...record, purpose: '999' }))
  expect(lied.counts).toMatchObject({ agree: 3, differ: 0, undecidable: 1 })
  expect(lied.findings[0]?.members[0]).toBe('engine')
})
