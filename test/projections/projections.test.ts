import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { AdmissionRecord } from '../../gateway/ledger/events.ts'
import { AdmissionCounts } from '../../gateway/projections/admission-counts.ts'
import { ExchangeHistory } from '../../gateway/projections/exchange-history.ts'
import { REPEAT_HONOURED_MS, Repeats } from '../../gateway/projections/repeats.ts'
import { Instant, MemberId, SubsystemId } from '../../policies/vocabulary.ts'
import { exchangeId } from '../harness/records.ts'

const at = (milliseconds: number): Instant =>
  Instant.ofMilliseconds(1_790_000_000_000 + milliseconds)

const MEMBER = MemberId.parse('TW/GOV/A000000018')

test('an Idempotency-Key is honoured for 24 hours to the millisecond, under either day’s secret', () => {
  const repeats = new Repeats()
  repeats.take('of-yesterday', { member: MEMBER, exchange: exchangeId(1), at: at(0) })
  expect(repeats.first(['of-today', 'of-yesterday'], at(REPEAT_HONOURED_MS - 1))).toBe(
    exchangeId(1),
  )
  expect(repeats.first(['of-today'], at(1))).toBeUndefined()
  expect(repeats.first(['of-yesterday'], at(REPEAT_HONOURED_MS))).toBeUndefined()
})

test('a value that was given back is free again, and others are not touched', () => {
  const repeats = new Repeats()
  repeats.take('a', { member: MEMBER, exchange: exchangeId(1), at: at(0) })
  repeats.take('b', { member: MEMBER, exchange: exchangeId(2), at: at(0) })
  repeats.release('a')
  expect(repeats.first(['a'], at(1))).toBeUndefined()
  expect(repeats.first(['b'], at(1))).toBe(exchangeId(2))
})

test('what is read back out of order is honoured all the same', () => {
  const repeats = new Repeats()
  repeats.take('new', { member: MEMBER, exchange: exchangeId(2), at: at(REPEAT_HONOURED_MS) })
  repeats.take('old', { member: MEMBER, exchange: exchangeId(1), at: at(0) })
  expect(repeats.first(['old'], at(REPEAT_HONOURED_MS + 1))).toBeUndefined()
  expect(repeats.first(['new'], at(REPEAT_HONOURED_MS + 1))).toBe(exchangeId(2))
})

test('a member has room for a quarter of all keys, until its own are given back or old', () => {
  const repeats = new Repeats(8)
  const other = MemberId.parse('TW/GOV/A000000027')
  const use = { member: MEMBER, exchange: exchangeId(1), at: at(0) }
  repeats.take('a', use)
  // Read back twice, it is still one.
  repeats.take('a', use)
  expect(repeats.hasRoom(MEMBER)).toBe(true)
  repeats.take('b', { ...use, at: at(1) })
  expect([repeats.hasRoom(MEMBER), repeats.hasRoom(other)]).toEqual([false, true])
  repeats.release('b')
  repeats.release('unknown')
  expect(repeats.hasRoom(MEMBER)).toBe(true)
  repeats.take('b', { ...use, at: at(1) })
  expect(repeats.first(['b'], at(REPEAT_HONOURED_MS))).toBe(exchangeId(1))
  expect(repeats.hasRoom(MEMBER)).toBe(true)
})

test('above the number of all keys nobody has room, and none is forgotten before its time', () => {
  const repeats = new Repeats(8)
  const members = ['A000000018', 'A000000027', 'A300000014', 'A300000023', 'A400000016'].map((id) =>
    MemberId.parse(`TW/GOV/${id}`),
  )
  const [a, b, c, d, e] = members as [MemberId, MemberId, MemberId, MemberId, MemberId]
  for (const [place, member] of [a, a, b, b, c, c, d, d].entries()) {
    expect(repeats.hasRoom(member)).toBe(true)
    repeats.take(`value ${place}`, { member, exchange: exchangeId(place), at: at(place) })
  }
  expect(members.map((member) => repeats.hasRoom(member))).toEqual(Array(5).fill(false))
  const last = at(REPEAT_HONOURED_MS - 1)
  expect([0, 7].map((place) => repeats.first([`value ${place}`], last))).toEqual(
    [0, 7].map(exchangeId),
  )
  expect(repeats.first(['value 0'], at(REPEAT_HONOURED_MS))).toBeUndefined()
  expect([a, b, e].map((member) => repeats.hasRoom(member))).toEqual([true, false, true])
})

const consumer = SubsystemId.parse('TW/GOV/A000000018/welfare')
const provider = SubsystemId.parse('TW/GOV/MOF/income')

test('exchanges are remembered up to the limit, the oldest goes first', () => {
  const history = new ExchangeHistory(3)
  for (const number of [1, 2, 3, 4]) {
    const decision = { chain: '1', index: number }
    history.began(exchangeId(number), { consumer, provider, decision, state: 'asked' })
  }
  expect(history.of(exchangeId(1))).toBeUndefined()
  const indices = [2, 3, 4].map((number) => history.of(exchangeId(number))?.decision.index)
  expect(indices).toEqual([2, 3, 4])
  history.ended(exchangeId(4), 'unknown', { chain: '2', index: 9 })
  expect(history.of(exchangeId(4))).toEqual({
    ...{ consumer, provider, state: 'unknown' },
    decision: { chain: '1', index: 4 },
    outcome: { chain: '2', index: 9 },
  })
  // Its outcome comes after it was forgotten.
  history.ended(exchangeId(1), 'released', { chain: '1', index: 10 })
  expect(history.of(exchangeId(1))).toBeUndefined()
})

const member = (number: number): MemberId => MemberId.of('TW', 'GOV', `M${String(number)}`)

test('every refusal is counted once, whatever could be recorded and when', () => {
  const refusal = fc.record({
    code: fc.integer({ min: 0, max: 30 }),
    member: fc.integer({ min: 0, max: 30 }),
  })
  const step = fc.oneof({ weight: 8, arbitrary: refusal }, fc.constantFrom('record', 'fail'))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 2000, minLength: 500 }), (steps) => {
      const counts = new AdmissionCounts(at(0))
      const recorded: AdmissionRecord[] = []
      let counted = 0
      for (const [now, one] of steps.entries()) {
        if (typeof one === 'object') {
          counts.count(`Client.Code${String(one.code)}`, member(one.member))
          counted += 1
          continue
        }
        const record = counts.take(at(now))
        if (record === undefined) continue
        expect(record.counts.length).toBeLessThanOrEqual(200)
        if (one === 'fail') counts.putBack(record)
        else recorded.push(record)
      }
      for (let rest = counts.take(at(9999)); rest !== undefined; rest = counts.take(at(9999))) {
        recorded.push(rest)
      }
      const total = recorded
        .flatMap((record) => record.counts)
        .reduce((sum, { count }) => sum + count, 0)
      expect(total).toBe(counted)
    }),
    { numRuns: 30 },
  )
})

test('a record stays under 64 KiB even with the longest names, and what is over stands in the next one', () => {
  const counts = new AdmissionCounts(at(0))
  const name = 'x'.repeat(120)
  for (let number = 0; number < 450; number += 1) {
    counts.count(
      'Client.Request.DuplicateLocator',
      MemberId.of('TW', 'GOV', `${name}${String(number)}`),
    )
  }
  const sizes: number[] = []
  for (let now = 1; ; now += 1) {
    const record = counts.take(at(now))
    if (record === undefined) break
    expect(record).toMatchObject({ from: at(0), to: at(now) })
    expect(Buffer.byteLength(JSON.stringify(record))).toBeLessThan(65_535)
    sizes.push(record.counts.length)
  }
  expect(sizes).toEqual([200, 200, 50])
})

test('nothing refused, nothing to record', () => {
  expect(new AdmissionCounts(at(0)).take(at(60_000))).toBeUndefined()
})
