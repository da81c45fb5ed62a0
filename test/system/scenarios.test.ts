import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { checkReceipt } from '../../gateway/ledger/check-receipt.ts'
import type { DecisionRecord, OutcomeRecord } from '../../gateway/ledger/events.ts'
import { latestTaxYear, scenarios } from '../../deploy/demo/scenarios.ts'
import { audit, pinnedKeys } from '../harness/audit.ts'
import { CITY, headerOf, startSystem, type System } from '../harness/system.ts'

let system: System

beforeAll(async () => {
  system = await startSystem()
}, 120_000)

afterAll(() => system[Symbol.asyncDispose]())

test.each(scenarios(latestTaxYear(Date.now())))(
  '$name: $wording',
  async ({ name, expected, path }) => {
    const asked = await system.run(name)

    expect([asked.status, headerOf(asked, 'x-road-error')]).toEqual([
      expected.status,
      expected.code ?? '',
    ])
    const receipt = checkReceipt(headerOf(asked, 'exchange-receipt'), {
      keys: pinnedKeys(system.data),
      ...(expected.status === 200 && { body: Buffer.from(asked.body) }),
    })
    expect(receipt).toMatchObject({
      kind: 'good',
      level: expected.status === 200 ? 'signed, record and body opened' : 'signed, record shown',
    })
    if (receipt.kind === 'bad') return
    const record = receipt.record as DecisionRecord | OutcomeRecord
    expect(record.exchange).toBe(headerOf(asked, 'exchange-id'))
    expect('question' in record ? record.question.service : record.service).toBe(
      path.split('/').slice(2, 7).join('/'),
    )
  },
)

test('S3 lets exactly the permitted fields pass, and the leaf names what passed and what was removed', async () => {
  const asked = await system.run('S3')
  expect(JSON.parse(asked.body)).toEqual({ isInsured: true, insuredCategory: '1' })

  const { leaves } = await audit(system.data)
  const outcome = leaves.findLast(({ kind }) => kind === 'outcome')?.record as OutcomeRecord
  expect(outcome).toMatchObject({
    outcome: 'released',
    fields: ['insuredCategory', 'isInsured'],
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
    others: { count: 1 },
    subjectCheck: 'same',
  })
})

test('S1 keeps the bytes of a number and drops what another agreement would be needed for', async () => {
  system.departments.income.answer = () => ({
    body: '{"subjectId":"A300000014","records":[{"taxYear":114,"formatCode":"50","grossAmount":1512345,"payerName":"範例股份有限公司"}]}',
  })
  const asked = await system.run('S1')
  expect(asked.body).toBe('{"records":[{"taxYear":114,"formatCode":"50","grossAmount":1512345}]}')
})

test('a refused scenario never reaches the provider', async () => {
  const before = system.departments.income.received.length
  await system.run('S1 payerName')
  await system.run('S1 relation')
  await system.run('S1 expired')
  expect(system.departments.income.received).toHaveLength(before)
})

test('the provider gets exactly the query that was bound, with the intent behind it', async () => {
  await system.run('S1 on behalf')
  const received = system.departments.income.received.at(-1)
  expect(received?.url).toMatch(/^\/incomes\?id=A300000014&years=\d{3}&relation=SELF$/)
  const receipt = checkReceipt(String(received?.headers['exchange-receipt']), {
    keys: pinnedKeys(system.data),
  })
  expect(receipt).toMatchObject({ kind: 'good', leaf: { kind: 'intent' } })
})

test('an answer about another person is withheld, recorded, and nothing of it leaves', async () => {
  system.departments.income.answer = () => ({
    body: '{"subjectId":"A300000023","records":[{"taxYear":114,"grossAmount":1512345}]}',
  })
  const asked = await system.run('S1')
  expect([asked.status, headerOf(asked, 'x-road-error')]).toEqual([
    502,
    'Server.Provider.WrongSubject',
  ])
  expect(asked.body).not.toContain('1512345')
  const { leaves } = await audit(system.data)
  expect(leaves.at(-1)?.record).toMatchObject({
    outcome: 'withheld',
    reason: 'Server.Provider.WrongSubject',
    fields: [],
  })
})

test('a receipt is had again by the parties of the exchange, and by nobody else', async () => {
  const asked = await system.run('S3')
  const path = `/exchange/receipts/${headerOf(asked, 'exchange-id')}`
  const again = await system.run('S3', { path, headers: {} })
  expect(again.status).toBe(200)
  const finding = checkReceipt(again.body, { keys: pinnedKeys(system.data) })
  expect(finding).toMatchObject({
    kind: 'good',
    level: 'signed, record shown',
    record: { exchange: headerOf(asked, 'exchange-id'), outcome: 'released' },
  })
  const stranger = await system.ask({ consumer: CITY, path })
  expect(stranger.status).toBe(404)
})

test('after all of them verify finds nothing and replay agrees on every decision', async () => {
  const { findings, leaves, replay } = await audit(system.data)
  expect(findings).toEqual([])
  const decisions = leaves.filter(({ kind }) => kind === 'intent' || kind === 'denial').length
  expect(replay).toEqual({ agree: decisions, differ: 0, undecidable: 0, stale: 0 })
  expect(system.reports).toEqual([])
})
