/** A denial is a leaf with all that refused, durable before the caller is told the first of it. */
import { expect, test } from '@jest/globals'
import type { JsonObject } from '../../../policies/canonical-json.ts'
import { codeOf, enrolment, headerOf, income, jsonOf, PROCESSOR } from '../../harness/calls.ts'
import { makeInForce } from '../../harness/law.ts'
import { makeWorld, type World } from '../../harness/world.ts'
import { commitmentTo } from './one-exchange.ts'
import { canonicalJson } from '../../../policies/canonical-json.ts'

function onlyDenial(world: World) {
  expect(world.ledger.memory.entries.map(({ kind }) => kind)).toEqual(['denial'])
  expect(world.provider.asked).toHaveLength(0)
  return world.leaves('denial')[0]!
}

test('a denial names its rules, commits to the request, and has neither fields nor a deadline', async () => {
  const world = makeWorld()
  const reply = await world.exchange(income({ headers: { 'Exchange-Fields': 'payerName' } }))
  const { record, text } = onlyDenial(world)
  expect([reply.status, codeOf(reply)]).toEqual([403, 'Client.Policy.FieldNotAllowed'])
  expect(record).toMatchObject({
    agreement: { id: 'AG-S1-INCOME', version: 1 },
    effect: 'deny',
    fields: [],
    obligations: [],
    refusals: ['Client.Policy.FieldNotAllowed'],
    verdicts: { collect: { effect: 'deny' }, disclose: { effect: 'deny' } },
  })
  expect(record.verdicts.collect.reasons.length).toBeGreaterThan(0)
  expect(record.deadline).toBeUndefined()
  expect(record.repeat).toBeUndefined()
  const { nonces, ...details } = world.details(record)
  expect(details).toEqual({ case: '北市DEMO-0001' })
  const request = canonicalJson({
    bodySha256: '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU',
    method: 'GET',
    path: '/incomes',
    query: 'id=A300000014&years=114&relation=SELF',
  })
  expect(record.request).toBe(commitmentTo(nonces.request, request))
  expect(text).not.toContain('A300000014')
})

test('where several rules refuse, the leaf has all in order and the caller is told the first', async () => {
  const world = makeWorld()
  const call = income({
    consumer: PROCESSOR,
    query: 'id=A300000014&years=112,113&relation=SIBLING',
    headers: { 'Exchange-Purpose': '120', 'Exchange-Fields': 'payerName' },
  })
  const reply = await world.exchange(call)
  expect(onlyDenial(world).record.refusals).toEqual([
    'Client.Policy.ProcessorAsController',
    'Client.Policy.ControllerMismatch',
    'Client.Policy.OnwardUse',
    'Client.Policy.PurposeMismatch',
    'Client.Policy.NoBasis',
    'Client.Policy.FieldNotAllowed',
  ])
  expect(codeOf(reply)).toBe('Client.Policy.ProcessorAsController')
  expect(reply.body.toString()).not.toContain('OnwardUse')
})

test('one of the two verdicts is enough to refuse: the law of the provider’s side', async () => {
  const inForce = makeInForce({
    document: (path, document) =>
      path.startsWith('agreements/enrolment') ? withDisclosePurpose(document, '015') : document,
  })
  const world = makeWorld({ inForce })
  const reply = await world.exchange(enrolment())
  const { record } = onlyDenial(world)
  expect(record.verdicts.collect.effect).toBe('permit')
  expect(record.verdicts.disclose.effect).toBe('deny')
  expect(codeOf(reply)).toBe('Client.Policy.PurposeMismatch')
})

test('one of the two verdicts is enough to refuse: the law of the consumer’s side', async () => {
  const world = makeWorld()
  await world.exchange(
    income({ consumer: PROCESSOR, headers: { 'X-Road-Represented-Party': 'GOV/A17000000J' } }),
  )
  const { record } = onlyDenial(world)
  expect(record.verdicts.collect.effect).toBe('deny')
  expect(record.refusals).toContain('Client.Policy.ControllerMismatch')
})

function withDisclosePurpose(document: JsonObject, purpose: string): JsonObject {
  const agreement = document['agreement'] as JsonObject
  const disclose = agreement['disclose'] as JsonObject
  return {
    ...document,
    agreement: { ...agreement, disclose: { ...disclose, purposes: [purpose] } },
  }
}

test('a controller acting through its processor is the one that the leaf names', async () => {
  const world = makeWorld()
  const reply = await world.exchange(
    income({ consumer: PROCESSOR, headers: { 'X-Road-Represented-Party': 'GOV/379000000A' } }),
  )
  expect(reply.status).toBe(200)
  expect(world.leaves('intent')[0]!.record.controllers).toEqual({
    consumer: 'TW/GOV/379000000A',
    processor: 'TW/GOV/379DOIT',
    provider: 'TW/GOV/MOF',
  })
})

test('a refused caller gets the exchange’s id, and the problem document names it', async () => {
  const world = makeWorld()
  const reply = await world.exchange(income({ headers: { 'Exchange-Purpose': '120' } }))
  const { exchange } = onlyDenial(world).record
  expect(headerOf(reply.headers, 'Exchange-Id')).toBe(exchange)
  expect(jsonOf(reply)).toMatchObject({
    instance: `urn:uuid:${exchange}`,
    type: 'Client.Policy.OnwardUse',
  })
  expect(world.refusedEarly).toHaveLength(0)
})

test('asked for what is a special category, the leaf says so and the provider is not asked', async () => {
  const world = makeWorld()
  const reply = await world.exchange(enrolment({ headers: { 'Exchange-Fields': 'icd10' } }))
  expect(codeOf(reply)).toBe('Client.Policy.Article6NoBasis')
  expect(onlyDenial(world).record.refusals[0]).toBe('Client.Policy.Article6NoBasis')
})
