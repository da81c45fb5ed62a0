/** Every intent has exactly one outcome, of the right kind, and says truly what became of it (design §2). */
import { hash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import type { ProviderAnswer } from '../../../gateway/ports/provider.ts'
import { canonicalJson } from '../../../policies/canonical-json.ts'
import { enrolment, headerOf, household, income, jsonOf } from '../../harness/calls.ts'
import { answered } from '../../harness/scripted-provider.ts'
import { makeWorld } from '../../harness/world.ts'
import { commitmentTo, one } from './one-exchange.ts'

describe('released', () => {
  test('fields passed and removed are named, and both bodies are committed to with nonces of their own', async () => {
    const world = makeWorld()
    const answer =
      '{"subjectId":"A000000018","isInsured": true,"insuredCategory":"1","icd10":"Z99"}'
    world.provider.script = () => answered(answer)
    const { intent, outcome, reply } = await one(world, enrolment())
    expect(reply.status).toBe(200)
    expect(reply.body.toString()).toBe('{"isInsured":true,"insuredCategory":"1"}')
    const { nonces } = world.details(intent.record)
    expect(outcome.record).toEqual({
      answer: commitmentTo(nonces.answer, answer),
      at: world.clock.now(),
      consumer: 'TW/GOV/A17000000J/labour-insurance',
      exchange: intent.record.exchange,
      fields: ['insuredCategory', 'isInsured'],
      intent: intent.index,
      outcome: 'released',
      released: commitmentTo(nonces.released, reply.body),
      removed: [
        'catastrophicIllness',
        'enrolFrom',
        'enrolTo',
        'icd10',
        'insuredAmount',
        'insuredUnit',
        'premiumStatus',
        'subjectId',
      ],
      salt: expect.stringMatching(/^[\w-]{22}$/),
      service: 'TW/GOV/A21030000I/nhi-enrolment/enrolment',
      status: 200,
      subject: intent.record.subject,
      subjectCheck: 'same',
      v: 1,
    })
  })

  test('names that are not registered are counted and committed to, and written nowhere', async () => {
    const world = makeWorld()
    const body = { subjectId: 'A000000018', isInsured: true, 王示範: 1, B300000051: 2 }
    world.provider.script = () => answered(body)
    const { intent, outcome } = await one(world, enrolment())
    const names = canonicalJson(['B300000051', '王示範'])
    const { nonces } = world.details(intent.record)
    const commitment = hash(
      'sha256',
      Buffer.concat([nonces.others, Buffer.from(names)]),
      'base64url',
    )
    expect(outcome.record.others).toEqual({ commitment, count: 2 })
    expect(outcome.text).not.toMatch(/王示範|B300000051/)
  })

  test('the four nonces of an exchange differ, and so do those of two exchanges of one person', async () => {
    const world = makeWorld()
    await world.exchange(enrolment())
    await world.exchange(enrolment())
    const nonces = world
      .leaves('intent')
      .map(({ record }) => world.details(record).nonces)
      .flatMap(({ request, answer, released, others }) => [request, answer, released, others])
      .map((nonce) => nonce.toString('hex'))
    expect(new Set(nonces).size).toBe(8)
  })

  test('only the fields asked for pass, and the rest counts as removed', async () => {
    const world = makeWorld()
    const call = income({ headers: { 'Exchange-Fields': 'taxYear' } })
    const { intent, outcome, reply } = await one(world, call)
    expect(jsonOf(reply)).toEqual({ records: [{ taxYear: 114 }] })
    expect(intent.record.fields).toEqual(['taxYear'])
    expect(outcome.record.fields).toEqual(['taxYear'])
    expect(outcome.record.removed).toEqual([
      'formatCode',
      'grossAmount',
      'incomeCategory',
      'payerName',
      'payerUbn',
      'subjectId',
      'withheldTax',
    ])
  })

  test('the record that the consumer reads does not tell whether a removed field was in the answer', async () => {
    const removedOf = async (answer: object): Promise<unknown> => {
      const world = makeWorld()
      world.provider.script = () => answered(answer)
      return (await one(world, enrolment())).outcome.record.removed
    }
    const bare = { subjectId: 'A000000018', isInsured: true, insuredCategory: '1' }
    expect(await removedOf({ ...bare, icd10: 'E11' })).toEqual(await removedOf(bare))
  })

  test('numbers leave as they came', async () => {
    const world = makeWorld()
    world.provider.script = () =>
      answered('{"subjectId":"A300000014","records":[{"grossAmount":12345678901234567890}]}')
    const { reply } = await one(world, income())
    expect(reply.body.toString()).toBe('{"records":[{"grossAmount":12345678901234567890}]}')
  })

  test('the case number and who acted are sealed with the nonces, and nowhere else', async () => {
    const world = makeWorld()
    const official = 'o'.repeat(42) + 'A'
    const { intent, outcome } = await one(
      world,
      income({ headers: { 'Exchange-Official': official } }),
    )
    expect(world.details(intent.record)).toMatchObject({ case: '北市DEMO-0001', official })
    expect(intent.text + outcome.text).not.toMatch(/DEMO-0001|ooooo/)
  })
})

interface Path {
  readonly answer: ProviderAnswer
  readonly outcome: string
  readonly reason: string
  readonly status: number
}

const PATHS: Readonly<Record<string, Path>> = {
  'a provider that can’t be reached': {
    answer: { kind: 'not-sent', why: 'unreachable' },
    outcome: 'not-sent',
    reason: 'Server.Provider.Unreachable',
    status: 502,
  },
  'a provider that is somebody else': {
    answer: { kind: 'not-sent', why: 'untrusted' },
    outcome: 'not-sent',
    reason: 'Server.Provider.Untrusted',
    status: 502,
  },
  'a provider that is too slow': {
    answer: { kind: 'unanswered', why: 'timeout' },
    outcome: 'unanswered',
    reason: 'Server.Provider.Timeout',
    status: 504,
  },
  'a provider that breaks off': {
    answer: { kind: 'unanswered', why: 'broken' },
    outcome: 'unanswered',
    reason: 'Server.Provider.Broken',
    status: 502,
  },
  'an answer that is too large': {
    answer: { kind: 'unanswered', why: 'too-large' },
    outcome: 'unanswered',
    reason: 'Server.Provider.TooLarge',
    status: 502,
  },
}

describe('no whole answer', () => {
  for (const [name, { answer, outcome: kind, reason, status }] of Object.entries(PATHS)) {
    test(`${name} leaves ${kind} with ${reason}, and commits to nothing`, async () => {
      const world = makeWorld()
      world.provider.script = () => answer
      const { code, outcome, reply } = await one(world, household())
      expect([reply.status, code]).toEqual([status, reason])
      expect(outcome.record).toMatchObject({ outcome: kind, reason, fields: [], removed: [] })
      const { answer: received, released, others, subjectCheck, status: theirs } = outcome.record
      expect([received, released, others, subjectCheck, theirs]).toEqual(Array(5).fill(undefined))
    })
  }
})

describe('withheld', () => {
  test('what was received is committed to, nothing is released, and nothing of it is told', async () => {
    const world = makeWorld()
    const answer = '{"subjectId":"A000000027","isInsured":true}'
    world.provider.script = () => answered(answer)
    const { code, intent, outcome, reply } = await one(world, enrolment())
    expect([reply.status, code]).toEqual([502, 'Server.Provider.WrongSubject'])
    expect(reply.body.toString()).not.toMatch(/A000000027|isInsured/)
    const { nonces } = world.details(intent.record)
    expect(outcome.record).toMatchObject({
      answer: commitmentTo(nonces.answer, answer),
      fields: [],
      outcome: 'withheld',
      reason: 'Server.Provider.WrongSubject',
      removed: [],
      status: 200,
    })
    expect(outcome.record.released).toBeUndefined()
  })
})

test('every reply to a decided exchange names the exchange, the request and its hash', async () => {
  for (const script of [undefined, () => PATHS['a provider that is too slow']!.answer]) {
    const world = makeWorld()
    if (script !== undefined) world.provider.script = script
    const { intent, reply } = await one(world, enrolment({ headers: { 'X-Road-Id': 'id-1' } }))
    const { exchange } = intent.record
    expect(headerOf(reply.headers, 'Exchange-Id')).toBe(exchange)
    expect(headerOf(reply.headers, 'X-Road-Request-Id')).toBe(exchange)
    expect(headerOf(reply.headers, 'X-Road-Id')).toBe('id-1')
    expect(headerOf(reply.headers, 'X-Road-Client')).toBe('TW/GOV/A17000000J/labour-insurance')
    expect(headerOf(reply.headers, 'X-Road-Service')).toBe(
      'TW/GOV/A21030000I/nhi-enrolment/enrolment',
    )
    expect(headerOf(reply.headers, 'X-Road-Request-Hash')).toMatch(/^[A-Za-z0-9+/]{86}==$/)
  }
})

test('the provider gets exactly what was decided: path, body, fields, purpose, agreement, and no header beside', async () => {
  const world = makeWorld()
  const call = income({
    headers: {
      Cookie: 'a=b',
      Authorization: 'Basic x',
      'Exchange-Agreement': 'AG-FORGED',
      'X-Road-UserId': 'EE123',
      'X-Forwarded-For': '203.0.113.9',
    },
  })
  const { intent } = await one(world, call)
  const { headers, ...request } = world.provider.asked[0]!
  expect(request).toMatchObject({
    method: 'GET',
    pathAndQuery: '/incomes?id=A300000014&years=114&relation=SELF',
    service: 'TW/GOV/MOF/income/annual-income',
    subsystem: 'TW/GOV/MOF/income',
    deadlineMs: 10_000,
    maxResponseBytes: 262_144,
  })
  expect(headers.filter((_, at) => at % 2 === 0)).toEqual([
    'X-Road-Client',
    'X-Road-Service',
    'X-Road-Id',
    'X-Road-Request-Id',
    'Exchange-Id',
    'Exchange-Agreement',
    'Exchange-Fields',
    'X-Road-UserId',
    'Exchange-Purpose',
    'Exchange-Basis',
    'Exchange-Receipt',
  ])
  expect(headerOf(headers, 'Exchange-Agreement')).toBe('AG-S1-INCOME')
  expect(headerOf(headers, 'Exchange-Fields')).toBe('formatCode,grossAmount,incomeCategory,taxYear')
  expect(headerOf(headers, 'Exchange-Basis')).toBe('PDPA-16-1')
  expect(intent.record.deadline).toBe(intent.record.question.at + 10_000)
})
