/** What becomes of an exchange in the log: canonical, complete, the same bytes for ever, and nobody recognisable. */
import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from '@jest/globals'
import canonicalize from 'canonicalize'
import fc from 'fast-check'
import type { Call } from '../../../gateway/exchange/call.ts'
import { decisionText, outcomeText } from '../../../gateway/exchange/record-text.ts'
import type { DecisionRecord, OutcomeRecord } from '../../../gateway/ledger/events.ts'
import { publicCommitment } from '../../../gateway/ledger/public-row.ts'
import { pseudonym } from '../../../gateway/ledger/sealing.ts'
import type { Question } from '../../../policies/question.ts'
import { EndpointId, MemberId } from '../../../policies/vocabulary.ts'
import { enrolment, household, income, PROCESSOR } from '../../harness/calls.ts'
import { RecordingTelemetry } from '../../harness/recording-telemetry.ts'
import { answered } from '../../harness/scripted-provider.ts'
import { makeWorld, type World } from '../../harness/world.ts'
import { one } from './one-exchange.ts'

const OFFICIAL = `${'o'.repeat(42)}A`
const ANSWER = { subjectId: 'F300000037', name: '範例乙', householdNumber: 'A0000001', 王示範: 1 }

/** Everything that a request may say is said. */
const FULL = household({
  headers: {
    'Exchange-Case': "UTF-8''%E5%8C%97%E5%B8%82DEMO-0001",
    'Exchange-Fields': 'name, addressCity',
    'Exchange-Official': OFFICIAL,
    'Exchange-Purpose': '074',
    'Exchange-Basis': 'PDPA-15-1',
    'Idempotency-Key': '"key-1"',
    'X-Road-Issue': 'issue-1',
    'X-Road-UserId': 'user-1',
  },
})

const REFUSED = income({
  consumer: PROCESSOR,
  query: 'id=A300000014&years=112,113&relation=SIBLING',
  headers: { 'Exchange-Purpose': '120', 'X-Road-Represented-Party': 'GOV/379000000A' },
})

const CALLS: readonly Call[] = [
  FULL,
  REFUSED,
  enrolment(),
  enrolment({ query: 'asOf=2026-11-01' }),
  income(),
  income({ consumer: PROCESSOR, headers: { 'X-Road-Represented-Party': 'GOV/379000000A' } }),
  // No agreement at all: nothing but the question.
  income({ consumer: 'TW/GOV/A17000000J/labour-insurance' }),
  income({
    consumer: PROCESSOR,
    headers: { 'X-Road-Represented-Party': 'GOV/%E7%A4%BA%E7%AF%84' },
  }),
]

const ANSWERS = [
  () => answered(ANSWER),
  () => answered({ error: { code: 'X' } }, 404),
  () => answered('<p>', 500, []),
  () => answered('', 204),
  () => ({ kind: 'unanswered', why: 'timeout' }) as const,
  () => ({ kind: 'not-sent', why: 'unreachable' }) as const,
]

describe('every record', () => {
  let world: World

  beforeAll(async () => {
    world = makeWorld()
    for (const script of [world.provider.script, ...ANSWERS]) {
      world.provider.script = script
      for (const [at, call] of CALLS.entries()) {
        // A key is good for one request.
        await world.exchange(at === 0 ? household() : call)
      }
    }
    await world.exchange(FULL)
  })

  test('and every leaf is RFC 8785, letter for letter', () => {
    expect(world.ledger.memory.entries.length).toBeGreaterThan(80)
    for (const { leaf, record } of world.ledger.memory.entries) {
      expect(record).toBe(canonicalize(JSON.parse(record)))
      expect(leaf).toBe(canonicalize(JSON.parse(leaf)))
    }
  })

  test('is the one that its leaf names, with the row that its leaf commits to', () => {
    for (const kind of ['intent', 'denial', 'outcome'] as const) {
      const leaves = world.leaves(kind)
      expect(leaves.length).toBeGreaterThan(10)
      for (const { leaf, record, text } of leaves) {
        expect(JSON.parse(leaf)).toEqual({
          kind,
          public: publicCommitment(kind, record),
          record: hash('sha256', text, 'base64url'),
          v: 1,
        })
      }
    }
  })

  test('has a salt of its own', () => {
    const salts = world.ledger.memory.entries.map(
      ({ record }) => /"salt":"[^"]+"/.exec(record)?.[0],
    )
    expect(new Set(salts).size).toBe(salts.length)
  })

  test('holds nothing by which anybody could be recognised', () => {
    const texts = world.ledger.memory.entries.map(({ leaf, record }) => leaf + record).join('\n')
    expect(texts).not.toMatch(
      /[A-Z][0-9A-D]\d{8}(?!\d)|測試|範例|王示範|DEMO-0001|user-1|issue-1|key-1|ooooo/,
    )
  })
})

test('whatever a record has and has not, its text is RFC 8785', async () => {
  const world = makeWorld({ telemetry: new RecordingTelemetry() })
  world.provider.script = () => answered(ANSWER)
  const { intent, outcome } = await one(world, FULL)
  const representedParty = MemberId.parse('TW/GOV/%E7%A4%BA%E7%AF%84')
  const question: Question = {
    ...intent.record.question,
    // No registration allows it today; if one ever did, it must not break out of its string.
    endpoint: EndpointId.parse('GET /"\\示範\u0001'),
    parameters: { years: ['112', '113'], 'a"b': ['\u2028'] },
    representedParty,
  }
  const controllers = { ...intent.record.controllers, processor: representedParty }
  const decision: DecisionRecord = { ...intent.record, controllers, question }
  const ended: OutcomeRecord = {
    ...outcome.record,
    intentChain: world.ledger.origin,
    reason: 'Server.Provider.Refused',
  }
  fc.assert(
    fc.property(
      fc.subarray(['agreement', 'bases', 'deadline', 'purpose', 'repeat', 'span', 'subject']),
      fc.subarray(['basis', 'fields', 'purpose', 'representedParty']),
      fc.subarray(['answer', 'intentChain', 'others', 'reason', 'released', 'status', 'subject']),
      (ofDecision, ofQuestion, ofOutcome) => {
        const bare = {
          ...without(decision, ofDecision),
          question: without(question, ofQuestion),
        }
        expect(decisionText(bare)).toBe(canonicalize(bare))
        const less = without(ended, ofOutcome)
        expect(outcomeText(less)).toBe(canonicalize(less))
      },
    ),
  )
})

/** Optional members only; undefined is as good as absent. */
function without<T extends object>(whole: T, members: readonly string[]): T {
  return { ...whole, ...Object.fromEntries(members.map((member) => [member, undefined])) }
}

/** Digests of documents and rules change when those are edited, which is no change of the record's form. */
function withoutContentHashes(text: string): string {
  const { agreement, rules, service } = JSON.parse(text) as {
    readonly agreement?: { readonly hash: string }
    readonly rules?: string
    readonly service: string
  }
  let frozen = text
  for (const [name, value] of Object.entries({ A: agreement?.hash, R: rules, S: service })) {
    if (value?.length === 43) frozen = frozen.replaceAll(value, name.repeat(43))
  }
  return frozen
}

function golden(name: string): string {
  return readFileSync(new URL(`../golden/${name}`, import.meta.url), 'utf8').trimEnd()
}

describe('the form of a record is for ever', () => {
  test('an intent', async () => {
    const world = makeWorld()
    const { intent } = await one(world, FULL)
    expect(withoutContentHashes(intent.text)).toBe(golden('intent.json'))
  })

  test('an intent that was traced', async () => {
    const world = makeWorld({ telemetry: new RecordingTelemetry() })
    const { intent } = await one(world, FULL)
    expect(withoutContentHashes(intent.text)).toBe(golden('intent-traced.json'))
  })

  test('an outcome', async () => {
    const world = makeWorld()
    world.provider.script = () => answered(ANSWER)
    const { outcome } = await one(world, FULL)
    expect(outcome.text).toBe(golden('outcome.json'))
    expect(outcome.leaf).toBe(golden('outcome-leaf.json'))
  })

  test('a denial', async () => {
    const world = makeWorld()
    await world.exchange(REFUSED)
    expect(withoutContentHashes(world.leaves('denial')[0]!.text)).toBe(golden('denial.json'))
  })
})

describe('a person’s pseudonym', () => {
  async function subjectAt(world: World, at: string, call: Call): Promise<string | undefined> {
    world.clock.set(at)
    await world.exchange(call)
    return world.leaves('intent').at(-1)!.record.subject
  }

  test('changes with the year in Taipei, not with the year in UTC', async () => {
    const world = makeWorld()
    const years = [
      '2026-12-31T23:59:59.999+08:00',
      '2026-12-31T16:00:00.000Z',
      '2026-12-31T23:59:59.999Z',
      '2027-06-30T12:00:00+08:00',
      '2027-12-31T15:59:59.999Z',
    ]
    const subjects: (string | undefined)[] = []
    for (const at of years) subjects.push(await subjectAt(world, at, enrolment()))
    expect(subjects[0]).not.toBe(subjects[1])
    expect(new Set(subjects.slice(1)).size).toBe(1)
    expect(subjects[0]).toMatch(/^[\w-]{43}$/)
  })

  test('is that of the intent in the outcome too, although the year ended in between', async () => {
    const world = makeWorld({ at: '2026-12-31T23:59:59.500+08:00' })
    const truthful = world.provider.script
    world.provider.script = (request) => {
      world.clock.advance(1_000)
      return truthful(request)
    }
    const { intent, outcome } = await one(world, enrolment())
    expect(outcome.record.subject).toBe(intent.record.subject)
    expect(outcome.record.at).toBe(intent.record.question.at + 1_000)
  })

  test('is another between two other controllers, and the same for processor and controller', async () => {
    const world = makeWorld()
    const one = income({ query: 'id=A000000018&years=114&relation=SELF' })
    const byProcessor = income({
      consumer: PROCESSOR,
      query: 'id=A000000018&years=114&relation=SELF',
      headers: { 'X-Road-Represented-Party': 'GOV/379000000A' },
    })
    const at = '2026-11-22T12:00:00+08:00'
    const [asCity, asProcessor, asLabour] = [
      await subjectAt(world, at, one),
      await subjectAt(world, at, byProcessor),
      await subjectAt(world, at, enrolment()),
    ]
    expect(asCity).toBe(asProcessor)
    expect(asCity).not.toBe(asLabour)
  })

  test('is the HMAC that the design prescribes', () => {
    const scope = {
      consumer: MemberId.parse('TW/GOV/379000000A'),
      provider: MemberId.parse('TW/GOV/MOF'),
      year: 2026,
    }
    expect(pseudonym(Buffer.alloc(32, 7), scope)).toBe(
      'ERo-zBocIE1q8iQoJ4Lii8QkpcuDD1ymiRM2EArnibM',
    )
  })
})
