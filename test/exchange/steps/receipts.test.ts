/** Receipts convict on their own: the provider's for this very request, the consumer's for this very body (design §2). */
import { hash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import type { Reply } from '../../../gateway/exchange/call.ts'
import { makeReceipts, type Receipts } from '../../../gateway/exchange/receipts.ts'
import { checkReceipt, type ReceiptFinding } from '../../../gateway/ledger/check-receipt.ts'
import type { ProviderRequest } from '../../../gateway/ports/provider.ts'
import { canonicalJson, type JsonObject } from '../../../policies/canonical-json.ts'
import { ExchangeId } from '../../../policies/vocabulary.ts'
import {
  CITY,
  codeOf,
  enrolment,
  headerOf,
  household,
  income,
  LABOUR,
  peerOf,
  PROCESSOR,
} from '../../harness/calls.ts'
import { makeInForce } from '../../harness/law.ts'
import { answered } from '../../harness/scripted-provider.ts'
import { makeWorld, type World } from '../../harness/world.ts'
import { commitmentTo, one } from './one-exchange.ts'

function receiptOf(headers: readonly string[]): string {
  const receipt = headerOf(headers, 'Exchange-Receipt')
  if (receipt === undefined) throw new Error('there is no receipt')
  expect(receipt.length).toBeLessThanOrEqual(4096)
  return receipt
}

function receiptsIn({ ledger, parts }: World): Receipts {
  const reader = (chain: string): typeof ledger | undefined =>
    chain === ledger.origin ? ledger : undefined
  return makeReceipts(parts.history, { reader, cosigned: () => undefined })
}

function check(world: World, receipt: string, body?: string | Buffer): ReceiptFinding {
  return checkReceipt(receipt, {
    keys: world.pinned,
    ...(body === undefined ? {} : { body: Buffer.from(body) }),
  })
}

/** What a provider makes of a request that it got, to compare with the receipt in it. */
function asProvidersSeeIt(request: ProviderRequest): string {
  const [path = '', query] = request.pathAndQuery.split('?')
  return canonicalJson({
    bodySha256: hash('sha256', request.body ?? '', 'base64url'),
    contentType: headerOf(request.headers, 'Content-Type'),
    method: request.method,
    path,
    query,
  })
}

describe('the provider’s receipt', () => {
  test.each([
    ['GET with the subject in the path', enrolment({ query: 'asOf=2026-11-01' })],
    ['GET with the subject in the query', income()],
    ['POST with the subject in the body', household()],
  ])('opens the commitment to this very request: %s', async (_what, call) => {
    const world = makeWorld()
    const { intent } = await one(world, call)
    const request = world.provider.asked[0]!
    const finding = check(world, receiptOf(request.headers), asProvidersSeeIt(request))
    expect(finding).toMatchObject({
      kind: 'good',
      level: 'signed, record and body opened',
      origin: world.ledger.origin,
      index: intent.index,
      leaf: { kind: 'intent' },
      record: intent.record,
    })
  })

  test('convicts nobody for another method, path, query, type or body', async () => {
    const world = makeWorld()
    await one(world, household())
    const request = world.provider.asked[0]!
    const others: readonly ProviderRequest[] = [
      { ...request, method: 'PUT' },
      { ...request, pathAndQuery: '/other' },
      { ...request, pathAndQuery: `${request.pathAndQuery}?x=1` },
      { ...request, body: Buffer.from('{"subjectId":"A000000018"}') },
      { ...request, headers: [] },
    ]
    for (const other of others) {
      expect(check(world, receiptOf(request.headers), asProvidersSeeIt(other))).toMatchObject({
        kind: 'bad',
        why: 'body-mismatch',
      })
    }
  })
})

describe('the consumer’s receipt', () => {
  test('opens the commitment to the body released, and to no other', async () => {
    const world = makeWorld()
    const { outcome, reply } = await one(world, income())
    const receipt = receiptOf(reply.headers)
    expect(check(world, receipt, reply.body)).toMatchObject({
      kind: 'good',
      level: 'signed, record and body opened',
      index: outcome.index,
      leaf: { kind: 'outcome' },
      record: outcome.record,
    })
    expect(check(world, receipt, `${reply.body.toString()} `)).toMatchObject({
      kind: 'bad',
      why: 'body-mismatch',
    })
  })

  test.each([
    ['an empty body', answered('', 204, [])],
    ['a problem document in the place of an error', answered('<p>', 500, [])],
    ['an error of the provider', answered({ error: { code: 'X' } }, 404)],
  ])('opens the commitment to %s', async (_what, answer) => {
    const world = makeWorld()
    world.provider.script = () => answer
    const { reply } = await one(world, enrolment())
    const finding = check(world, receiptOf(reply.headers), reply.body)
    expect(finding).toMatchObject({ kind: 'good', level: 'signed, record and body opened' })
  })

  test('does not open the answer: with it the removed fields could be guessed', async () => {
    const world = makeWorld()
    const { intent, reply } = await one(world, enrolment())
    const plain = Buffer.from(receiptOf(reply.headers), 'base64').toString()
    const extra = /^extra (\S+)$/m.exec(plain)?.[1] ?? ''
    const { nonces } = world.details(intent.record)
    const shown = Buffer.from(extra, 'base64').toString()
    expect(shown).toContain(nonces.released.toString('base64url'))
    for (const hidden of [nonces.answer, nonces.request, nonces.others]) {
      expect(shown).not.toContain(hidden.toString('base64url'))
    }
  })

  test.each([
    ['withheld', answered({ subjectId: 'A000000027' })],
    ['unanswered', { kind: 'unanswered', why: 'timeout' } as const],
    ['not-sent', { kind: 'not-sent', why: 'unreachable' } as const],
  ])('of what is %s shows the record and opens nothing', async (_kind, answer) => {
    const world = makeWorld()
    world.provider.script = () => answer
    const { outcome, reply } = await one(world, enrolment())
    const receipt = receiptOf(reply.headers)
    expect(check(world, receipt)).toMatchObject({
      level: 'signed, record shown',
      record: outcome.record,
    })
    expect(check(world, receipt, reply.body)).toMatchObject({ why: 'opening-mismatch' })
  })

  test('of a denial shows the record and opens nothing', async () => {
    const world = makeWorld()
    const reply = await world.exchange(income({ headers: { 'Exchange-Purpose': '120' } }))
    expect(check(world, receiptOf(reply.headers))).toMatchObject({
      level: 'signed, record shown',
      leaf: { kind: 'denial' },
      record: world.leaves('denial')[0]!.record,
    })
  })
})

test('in a long chain the header stays within 4,096 characters: the record that has no room in it is served', async () => {
  const world = makeWorld()
  const filler = { kind: 'seal', record: '{"at":1,"v":1}' } as const
  await Promise.all(Array.from({ length: 8_000 }, () => world.ledger.memory.append(filler)))
  const headers = { 'Exchange-Official': `${'o'.repeat(42)}A`, 'Idempotency-Key': 'a' }
  const { intent, reply } = await one(world, household({ headers }))
  expect(check(world, receiptOf(reply.headers), reply.body)).toMatchObject({
    level: 'signed, record and body opened',
  })
  const request = world.provider.asked[0]!
  const receipt = receiptOf(request.headers)
  expect(check(world, receipt)).toMatchObject({ kind: 'good', level: 'signed' })

  const { opening } = extraOf(Buffer.from(receipt, 'base64').toString())
  const receipts = receiptsIn(world)
  const provider = peerOf('TW/GOV/301000000A/household')
  const served = await receipts(intent.record.exchange, provider)
  const { record } = extraOf(served.body.toString())
  expect(record.request).toBe(
    commitmentTo(Buffer.from(opening.nonce, 'base64url'), asProvidersSeeIt(request)),
  )
})

interface Extra {
  readonly opening: { readonly nonce: string }
  readonly record: { readonly request: string }
}

function extraOf(proof: string): Extra {
  const [, extra = ''] = /^extra (\S+)$/m.exec(proof) ?? []
  return JSON.parse(Buffer.from(extra, 'base64').toString()) as Extra
}

test('a record that is too long stays out of the receipt, which then is signed only', async () => {
  const names = Array.from({ length: 100 }, (_, at) => `field${at}`)
  const inForce = makeInForce({
    document: (path, document) =>
      path === 'services/income.json' ? withFields(document, names) : document,
  })
  const world = makeWorld({ inForce })
  const reply = await world.exchange(income({ headers: { 'Exchange-Fields': names.join(',') } }))
  expect(codeOf(reply)).toBe('Client.Policy.FieldNotAllowed')
  expect(check(world, receiptOf(reply.headers))).toMatchObject({ kind: 'good', level: 'signed' })
})

describe('a receipt that is asked for again', () => {
  async function again(
    world: World,
    subsystem: string,
    exchange?: ExchangeId,
  ): Promise<readonly [Reply, ReceiptFinding]> {
    const receipts = receiptsIn(world)
    const { exchange: known } = [...world.leaves('intent'), ...world.leaves('denial')][0]!.record
    const reply = await receipts(exchange ?? known, peerOf(subsystem))
    return [reply, check(world, reply.body.toString())]
  }

  test('is the outcome’s for the consumer, the intent’s for the provider, without openings', async () => {
    const world = makeWorld()
    const { intent, outcome } = await one(world, income())
    for (const [who, leaf] of [
      [CITY, outcome],
      ['TW/GOV/MOF/income', intent],
    ] as const) {
      const [reply, finding] = await again(world, who)
      expect(reply.status).toBe(200)
      expect(finding).toMatchObject({
        level: 'signed, record shown',
        index: leaf.index,
        record: leaf.record,
      })
      expect(reply.body.toString()).not.toContain('opening')
    }
  })

  test('is the denial’s where there was one', async () => {
    const world = makeWorld()
    await world.exchange(income({ headers: { 'Exchange-Purpose': '120' } }))
    const [, finding] = await again(world, CITY)
    expect(finding).toMatchObject({ leaf: { kind: 'denial' } })
  })

  test('is given to nobody else, and nobody else learns that there is one', async () => {
    const world = makeWorld()
    await one(world, income())
    const unknown = ExchangeId.parse('00000000-0000-4000-8000-000000000000')
    const [missing] = await again(world, CITY, unknown)
    for (const other of [LABOUR, PROCESSOR, 'TW/GOV/MOF/other']) {
      const [reply] = await again(world, other)
      expect(reply).toEqual(missing)
      expect([reply.status, codeOf(reply)]).toEqual([404, 'Client.Request.UnknownExchange'])
    }
  })
})

function withFields(service: JsonObject, names: readonly string[]): JsonObject {
  const [endpoint, ...others] = service['endpoints'] as JsonObject[]
  const fields = endpoint?.['fields'] as JsonObject[]
  const like = fields.find(({ name }) => name === 'taxYear')
  const added = names.map((name) => ({ ...like, name, pointer: `/${name}` }))
  return { ...service, endpoints: [{ ...endpoint, fields: [...fields, ...added] }, ...others] }
}
