/** What was refused before a decision comes on record by itself, once a minute, and none of it is lost on the way. */
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { recordAdmission } from '../../deploy/record-admission.ts'
import type { Chain, Entry, Recorded } from '../../gateway/ledger/entry.ts'
import type { AdmissionRecord } from '../../gateway/ledger/events.ts'
import { AdmissionCounts } from '../../gateway/projections/admission-counts.ts'
import { Instant, MemberId } from '../../policies/vocabulary.ts'

const MINUTE = 60_000
const LABOUR = MemberId.parse('TW/GOV/A17000000J')
const CODE = 'Client.Load.RateLimited'

let counts: AdmissionCounts
let entries: Entry[]
let reports: (readonly [string, string | undefined])[]
let recordsAny: boolean
let recording: ReturnType<typeof recordAdmission>

beforeEach(() => {
  jest.useFakeTimers({ now: 0 })
  counts = new AdmissionCounts(now())
  entries = []
  reports = []
  recordsAny = true
  const chain = {
    async append(entry: Entry) {
      if (!recordsAny) throw new Error('the disk is full')
      entries.push(entry)
      return {} as Recorded
    },
  } as Chain
  recording = recordAdmission(counts, chain, {
    clock: { now },
    report: (sentence, urgency) => reports.push([sentence, urgency]),
  })
})

afterEach(async () => {
  recordsAny = true
  await recording.stop()
  jest.useRealTimers()
})

function now(): Instant {
  return Instant.ofMilliseconds(Date.now())
}

function records(): readonly AdmissionRecord[] {
  return entries.map(({ record }) => JSON.parse(record) as AdmissionRecord)
}

function times(): readonly number[] {
  return records().flatMap((record) => record.counts.map(({ count }) => count))
}

test('each minute in which somebody was refused has its leaf, and a minute in which nobody was has none', async () => {
  counts.count(CODE, LABOUR)
  await jest.advanceTimersByTimeAsync(MINUTE - 1)
  expect(entries).toEqual([])
  await jest.advanceTimersByTimeAsync(1)
  expect(records()).toMatchObject([
    { from: 0, to: MINUTE, counts: [{ code: CODE, count: 1, member: LABOUR }] },
  ])
  // It tells what happened already: it may use the room that is kept for that.
  expect(entries).toMatchObject([{ kind: 'admission', finishes: true }])
  await jest.advanceTimersByTimeAsync(MINUTE)
  expect(entries).toHaveLength(1)
  counts.count(CODE, LABOUR, 3)
  await jest.advanceTimersByTimeAsync(MINUTE)
  expect(records()[1]).toMatchObject({ from: 2 * MINUTE, to: 3 * MINUTE })
  expect(times()).toEqual([1, 3])
})

test('what can not be recorded is told, and counted with the next minute’s', async () => {
  recordsAny = false
  counts.count(CODE, LABOUR, 2)
  await jest.advanceTimersByTimeAsync(MINUTE)
  expect(reports).toEqual([[expect.stringContaining('could not be recorded yet'), 'watch']])
  recordsAny = true
  counts.count(CODE, LABOUR, 3)
  await jest.advanceTimersByTimeAsync(MINUTE)
  expect(records()).toMatchObject([{ from: 0, to: 2 * MINUTE }])
  expect(times()).toEqual([5])
})

test('a stop records all that is left, in as many leaves as it takes, and nothing after it', async () => {
  const members = Array.from({ length: 450 }, (_, at) => MemberId.parse(`TW/GOV/M${String(at)}`))
  for (const member of members) counts.count(CODE, member)
  await recording.stop()
  expect(entries).toHaveLength(3)
  expect(times()).toHaveLength(450)
  counts.count(CODE, LABOUR)
  await jest.advanceTimersByTimeAsync(10 * MINUTE)
  expect(entries).toHaveLength(3)
})

test('a stop does not wait for a ledger that records nothing any more', async () => {
  recordsAny = false
  counts.count(CODE, LABOUR)
  await recording.stop()
  expect(reports).toHaveLength(1)
})
