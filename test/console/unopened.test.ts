/** Chains on Kafka that the registry, as it is there, did not open: late, stripped, in secret, or nobody's. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Chain } from '../../gateway/ledger/entry.ts'
import type { Finding } from '../../gateway/ledger/finding.ts'
import { decodeCommit, encodeCommit } from '../../gateway/replication/message.ts'
import { withoutRecords } from '../harness/lane-commits.ts'
import { exchangeOrigin, openOn, put, putOpening, REGISTRY, THEN } from '../harness/small-ledger.ts'
import {
  CLOSED,
  filesIn,
  judge,
  RUNNING,
  tamperLedger,
  type TamperLedger,
} from '../harness/tamper/ledger.ts'
import { commitsOf, lanesOf, sourceOfLanes, type Sent } from '../harness/tamper/messages.ts'

const NOW = THEN + 1e6
const folder = mkdtempSync(join(tmpdir(), 'gongdao-unopened-'))
let ledger: TamperLedger

beforeAll(async () => {
  ledger = await tamperLedger()
})

afterAll(() => {
  ledger.remove()
  rmSync(folder, { recursive: true })
})

function copy(): string {
  const data = mkdtempSync(join(folder, 'data-'))
  cpSync(ledger.data, data, { recursive: true })
  return data
}

function told(findings: readonly Finding[]): unknown[] {
  return findings.map(({ chain, first, kind, last }) => [chain, kind, first, last])
}

function kindsOf(found: readonly unknown[]): unknown[] {
  return found.map((finding) => (finding as unknown[])[1])
}

async function without(settled: boolean): Promise<unknown[]> {
  const { exchange: commits, registry } = lanesOf(ledger)
  const late = [...registry]
  const opening = late.findLastIndex(({ value }) => value.includes(RUNNING))
  const lanes = { exchange: commits, registry: late.splice(0, opening) }
  const settle = async (): Promise<void> => {
    if (settled) lanes.registry.push(...late)
    return Promise.resolve()
  }
  return told((await judge(sourceOfLanes(lanes, 0, settle))).findings)
}

test('it is given a moment, and nobody is accused where that leaf does not come: it may be late', async () => {
  expect(await without(true)).toEqual([])
  const found = await without(false)
  expect(found).toContainEqual([RUNNING, 'behind', undefined, undefined])
  expect(kindsOf(found)).not.toContain('chain-in-secret')
})

test('its tail may be late as well, and so may the registry that it saw', async () => {
  const { exchange: commits, registry } = lanesOf(ledger)
  const closed = commits.filter(({ key }) => key === CLOSED)
  const tail = commits.filter((commit) => commit !== closed.at(-1))
  const cut = await judge(sourceOfLanes({ exchange: tail, registry }))
  expect(kindsOf(told(cut.findings))).toEqual(['behind'])
  // The chain that runs saw the closure and its own genesis.
  const early = registry.filter(({ truth }) => truth.last < 2)
  const seen = await judge(sourceOfLanes({ exchange: commits, registry: early }))
  expect(new Set(kindsOf(told(seen.findings)))).toEqual(new Set(['behind']))
})

test.each([
  ['has another leaf in the place that it names', (chain: Chain) => putOpening(chain, 1, 3000)],
  ['is not named by it at all', (chain: Chain) => put(chain, 'opening', null)],
])('it is in secret where the registry %s', async (_, opening) => {
  const third = exchangeOrigin(3)
  const data = mkdtempSync(join(folder, 'third-'))
  const { chain } = await openOn(data, third)
  await opening(chain)
  await chain.close()
  const files = new Map(filesIn(data).map((file) => [file, readFileSync(file)]))
  const lanes = lanesOf(ledger)
  const secret = commitsOf({ data, files }, third)
  expect(secret).not.toEqual([])
  const source = sourceOfLanes({ ...lanes, exchange: [...lanes.exchange, ...secret] })
  expect(told((await judge(source)).findings)).toEqual([
    [third, 'chain-in-secret', undefined, undefined],
  ])
})

test('nor may it still come where the registry has recorded later things before the place that it names', async () => {
  const third = exchangeOrigin(3)
  const data = mkdtempSync(join(folder, 'third-'))
  const { chain } = await openOn(data, third)
  await putOpening(chain, 9_000_000_000, 500)
  await chain.close()
  const files = new Map(filesIn(data).map((file) => [file, readFileSync(file)]))
  const lanes = lanesOf(ledger)
  const secret = commitsOf({ data, files }, third)
  const kindsWith = async (at: number): Promise<unknown[]> => {
    const grown = copy()
    const { chain: registry } = await openOn(grown, REGISTRY)
    await put(registry, 'manifest', { at, v: 1 })
    await registry.close()
    const its = new Map(filesIn(grown).map((file) => [file, readFileSync(file)]))
    const source = sourceOfLanes({
      registry: commitsOf({ data: grown, files: its }, REGISTRY),
      exchange: [...lanes.exchange, ...secret],
    })
    return kindsOf(told((await judge(source)).findings))
  }
  expect(await kindsWith(THEN + 60_500)).toEqual(['behind'])
  expect(await kindsWith(THEN + 60_501)).toEqual(['chain-in-secret'])
})

test('nor where the chain says to have begun a day from now', async () => {
  const third = exchangeOrigin(3)
  for (const [ahead, kind] of [
    [86_400_000, 'behind'],
    [86_400_001, 'chain-in-secret'],
  ] as const) {
    const data = mkdtempSync(join(folder, 'third-'))
    const { chain } = await openOn(data, third)
    await putOpening(chain, 9_000_000_000, NOW - THEN + ahead)
    await chain.close()
    const files = new Map(filesIn(data).map((file) => [file, readFileSync(file)]))
    const lanes = lanesOf(ledger)
    const secret = commitsOf({ data, files }, third)
    const source = sourceOfLanes({ ...lanes, exchange: [...lanes.exchange, ...secret] })
    expect(kindsOf(told((await judge(source)).findings))).toEqual([kind])
  }
})

test('a copy without records convicts nobody: of a chain, or of the registry', async () => {
  const lanes = lanesOf(ledger)
  const bare = ({ value, ...sent }: Sent): Sent => {
    const commit = decodeCommit(value)
    if (commit === undefined) throw new Error('ours is a commit')
    return { ...sent, value: encodeCommit(withoutRecords(commit)) }
  }
  const early = lanes.registry.filter(({ truth }) => truth.last < 1)
  const sentAgain = sourceOfLanes({ registry: early, exchange: lanes.exchange.map(bare) })
  expect(kindsOf(told((await judge(sentAgain)).findings))).not.toContain('chain-in-secret')
  const stripped = lanes.registry.flatMap((one) =>
    one.truth.first === 0 ? [one] : [bare(one), one],
  )
  const { findings } = await judge(sourceOfLanes({ ...lanes, registry: stripped }))
  expect(kindsOf(told(findings))).not.toContain('chain-in-secret')
})

test.each([
  ['the next chain of a gateway', exchangeOrigin(3), 'foreign'],
  ['no chain', 'whatever\n\u001b[8m', 'foreign'],
  ['a gateway whose key nobody pinned', 'T/exchange/T/GOV/A300000014/gw9/1', 'key-unknown'],
])('whoever writes there accuses nobody with the name of %s', async (_, key, kind) => {
  const lanes = lanesOf(ledger)
  const [genuine] = lanes.exchange
  for (const value of [Buffer.from('junk'), genuine!.value]) {
    const junk = { ...genuine!, key, value }
    const source = sourceOfLanes({ ...lanes, exchange: [...lanes.exchange, junk] })
    expect(told((await judge(source)).findings)).toEqual([[key, kind, undefined, undefined]])
  }
})
