/** What a gateway hands in of its ledger's upkeep: its own time-stamps, one after the other, and what two officers had it prune. */
import { beforeEach, expect, test } from '@jest/globals'
import type { PrunedRecord } from '../../gateway/ledger/duty-events.ts'
import type { LeafKind } from '../../gateway/ledger/entry.ts'
import { canonicalJson } from '../../policies/canonical-json.ts'
import { Instant } from '../../policies/vocabulary.ts'
import { OFFICERS, order, orderBy } from '../erasure/officers.ts'
import {
  at,
  closure,
  genesis,
  ONE,
  openRegistrar,
  OTHER,
  predecessor,
} from '../harness/small-registry.ts'
import type { OpenedRegistrar } from '../harness/small-registry.ts'

const DIGEST = 'a'.repeat(43)
const FIRST = `T/exchange/${ONE}/1`
let registrar: OpenedRegistrar
/** Index of the leaf that lists the officers. */
let officers: number

beforeEach(async () => {
  registrar = await openRegistrar()
  officers = await registrar.record('officers', { at, officers: OFFICERS, v: 1 })
  const [second, third] = [2, 3].map((n) => {
    const chain = `T/exchange/${ONE}/${n - 1}`
    return genesis({ n, predecessor: { ...predecessor, chain } })
  })
  for (const { kind, record } of [
    genesis(),
    closure(),
    second!,
    closure({ chain: `T/exchange/${ONE}/2` }),
    third!,
  ]) {
    await registrar.record(kind, JSON.parse(record) as object)
  }
})

async function handIn(kind: LeafKind, record: object, from = ONE): Promise<string> {
  const answer = await registrar.desk.handIn(from, { kind, record: canonicalJson(record) })
  return answer.kind === 'recorded' ? 'recorded' : answer.why
}

function anchor(number: number, change: object = {}): object {
  return { aggregate: DIGEST, at, gateway: ONE, number, stamp: DIGEST, v: 1, ...change }
}

test('each gateway’s time-stamps are recorded in the order of their numbers, whatever the others have', async () => {
  expect(await handIn('anchor', anchor(1))).toBe('recorded')
  expect(await handIn('anchor', anchor(1, { gateway: OTHER }), OTHER)).toBe('recorded')
  expect(await handIn('anchor', anchor(2))).toBe('recorded')
  expect(await handIn('anchor', anchor(2))).toBe('time-stamp 3 is due')
  expect(await handIn('anchor', anchor(4))).toBe('time-stamp 3 is due')
  const { upkeep } = registrar.view
  expect([ONE, OTHER].map((each) => upkeep.lastAnchor(each)?.number)).toEqual([2, 1])
})

test.each([
  ['of another gateway', { gateway: OTHER }],
  ['with a text in place of a digest', { stamp: 'A000000018' }],
  ['with a digest that is none', { aggregate: 7 }],
  ['with a member more', { name: '王小明' }],
])('a time-stamp %s is not recorded', async (_what, change) => {
  expect(await handIn('anchor', anchor(1, change))).not.toBe('recorded')
})

test('a time-stamp in the name of another gateway is told as that', async () => {
  const other = anchor(1, { gateway: OTHER })
  expect(await handIn('anchor', other)).toBe('the time-stamp names another gateway')
})

function pruned(change: Partial<PrunedRecord> = {}, by = order(PRUNE, at)): object {
  const { approvals, statement } = by
  const what = { archive: DIGEST, chain: FIRST, size: 5 }
  return { approvals, at, gateway: ONE, officers, statement, ...what, v: 1, ...change }
}

const PRUNE = { act: 'prune', instance: 'T', keepDays: 1, before: at } as const

test('a pruning that two officers have signed is recorded, once for a chain', async () => {
  const leaf = pruned()
  expect(await handIn('pruned', leaf)).toBe('recorded')
  expect(registrar.view.upkeep.pruned.get(FIRST)).toBe(5)
  expect(await handIn('pruned', leaf)).toBe(`${FIRST} is pruned already`)
})

test.each<[string, Partial<PrunedRecord>, readonly string[]]>([
  ['by one officer alone', {}, ['AUDIT-1']],
  ['by officers for something else', {}, ['LEGAL-1', 'LEGAL-2']],
  ['of the newest chain', { chain: `T/exchange/${ONE}/3` }, ['AUDIT-1', 'DPO-1']],
  ['of more leaves than there were', { size: 6 }, ['AUDIT-1', 'DPO-1']],
  ['of the one before', { chain: `T/exchange/${ONE}/2` }, ['AUDIT-1', 'DPO-1']],
  ['of another gateway’s chain', { chain: `T/exchange/${OTHER}/1` }, ['AUDIT-1', 'DPO-1']],
  ['by an order that has expired', { at: Instant.ofMilliseconds(at - 8 * 86_400_000) }, []],
])('a pruning %s is not recorded', async (_what, change, by) => {
  const signed = by.length > 0 ? orderBy(by, PRUNE, at) : order(PRUNE, change.at)
  const late = by.length > 0 ? change : {}
  expect(await handIn('pruned', pruned(late, signed))).not.toBe('recorded')
  expect(registrar.view.upkeep.pruned.size).toBe(0)
})
