/** A provider may be wrong, broken or bad: nothing that was not decided on reaches the consumer or the log (design §2, §5). */
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import type { Reply } from '../../../gateway/exchange/call.ts'
import type { InForce } from '../../../gateway/projections/in-force.ts'
import type { JsonObject } from '../../../policies/canonical-json.ts'
import type { Refusal } from '../../../policies/refusal.ts'
import { enrolment, headerOf, household, income, jsonOf } from '../../harness/calls.ts'
import { makeInForce } from '../../harness/law.ts'
import { answered } from '../../harness/scripted-provider.ts'
import { makeWorld, type World } from '../../harness/world.ts'
import { one, type OneExchange } from './one-exchange.ts'

const CANARY = 'CANARY-王示範-B300000051'
const JSON_TYPE = ['Content-Type', 'application/json']

function withFields(document: JsonObject, fields: readonly string[]): JsonObject {
  return { ...document, agreement: { ...(document['agreement'] as JsonObject), fields } }
}

/** What anyone but the provider can see. */
function seenOutside(world: World, { body, headers }: Reply): string {
  const entries = world.ledger.memory.entries.map(({ leaf, record }) => leaf + record)
  return [...entries, ...headers, body.toString()].join('\n')
}

async function answeredWith(
  answer: ReturnType<typeof answered>,
  inForce?: InForce,
): Promise<OneExchange> {
  const world = makeWorld(inForce && { inForce })
  world.provider.script = () => answer
  const exchange = await one(world, enrolment())
  expect(seenOutside(world, exchange.reply)).not.toMatch(/CANARY|王示範|B300000051/)
  expect(world.faults).toHaveLength(0)
  return exchange
}

function insured(more: object): object {
  return { subjectId: 'A000000018', isInsured: true, ...more }
}

function isInsured(...rest: readonly string[]): string {
  return ['{"subjectId":"A000000018","isInsured":true', ...rest].join('')
}

describe('what is added', () => {
  test.each([
    ['a member', insured({ note: CANARY })],
    ['a member’s name', insured({ [CANARY]: 1 })],
    ['a nested object', insured({ a: { b: [{ c: CANARY }] } })],
    ['a registered field that is not permitted', insured({ insuredUnit: CANARY })],
    ['a container under a permitted field’s neighbour', insured({ icd10: { x: CANARY } })],
    ['a name that spells a permitted one otherwise', insured({ IsInsured: CANARY })],
  ])('in %s is taken out, and nothing else', async (_where, body) => {
    const { outcome, reply } = await answeredWith(answered(body))
    expect(jsonOf(reply)).toEqual({ isInsured: true })
    expect(outcome.record.outcome).toBe('released')
  })

  test('in white space and in the spelling of names is not passed on', async () => {
    const text = '\n{ "subjectId" :\t"A000000018" , "is\\u0049nsured"  : true }  '
    const { reply } = await answeredWith(answered(text))
    expect(reply.body.toString()).toBe('{"is\\u0049nsured":true}')
  })
})

const WITHHELD: readonly (readonly [string, Refusal, ReturnType<typeof answered>])[] = [
  [
    'about another person',
    'Server.Provider.WrongSubject',
    answered({ subjectId: 'B300000051', isInsured: true }),
  ],
  ['that names nobody', 'Server.Provider.WrongSubject', answered({ isInsured: true })],
  [
    'that names the person as a list',
    'Server.Provider.WrongSubject',
    answered({ subjectId: ['A000000018', 'B300000051'], isInsured: true }),
  ],
  [
    'that names the person in small letters',
    'Server.Provider.WrongSubject',
    answered({ subjectId: 'a000000018', isInsured: true }),
  ],
  ['as a list', 'Server.Provider.Malformed', answered([insured({})])],
  ['that is one string', 'Server.Provider.Malformed', answered(JSON.stringify(CANARY))],
  [
    'with a name twice',
    'Server.Provider.Malformed',
    answered(isInsured(`,"isInsured":"${CANARY}"}`)),
  ],
  [
    'with a name twice in a part that is dropped',
    'Server.Provider.Malformed',
    answered(isInsured(',"x":{"a":1,"\\u0061":2}}')),
  ],
  [
    'with text where a yes or no is registered',
    'Server.Provider.Malformed',
    answered({ subjectId: 'A000000018', isInsured: CANARY }),
  ],
  [
    'with a code that has not its pattern',
    'Server.Provider.Malformed',
    answered(insured({ insuredCategory: CANARY })),
  ],
  [
    'with an object where a code is registered',
    'Server.Provider.Malformed',
    answered(insured({ insuredCategory: { a: CANARY } })),
  ],
  ['that is cut off', 'Server.Provider.Malformed', answered(isInsured())],
  ['with something behind it', 'Server.Provider.Malformed', answered(isInsured('}', CANARY))],
  [
    'that is not UTF-8',
    'Server.Provider.Malformed',
    answered(Buffer.from(isInsured(',"x":"\xff"}'), 'latin1')),
  ],
  ['that is empty', 'Server.Provider.Malformed', answered('')],
  [
    'that is nested without end',
    'Server.Provider.Malformed',
    answered(isInsured(`,"x":${'['.repeat(100_000)}`)),
  ],
  [
    'that is compressed',
    'Server.Provider.Unsuitable',
    answered(gzipSync(isInsured('}')), 200, [...JSON_TYPE, 'Content-Encoding', 'gzip']),
  ],
  [
    'that says it is HTML',
    'Server.Provider.Unsuitable',
    answered(isInsured('}'), 200, ['Content-Type', 'text/html']),
  ],
  [
    'in Big5',
    'Server.Provider.Unsuitable',
    answered(isInsured('}'), 200, ['Content-Type', 'application/json; charset=big5']),
  ],
  ['that does not say what it is', 'Server.Provider.Unsuitable', answered(isInsured('}'), 200, [])],
  [
    'that says it twice',
    'Server.Provider.Unsuitable',
    answered(isInsured('}'), 200, [...JSON_TYPE, ...JSON_TYPE]),
  ],
  ['with status 0', 'Server.Provider.Unsuitable', answered(isInsured('}'), 0)],
  ['with status 150', 'Server.Provider.Unsuitable', answered('', 150)],
  ['with status 999', 'Server.Provider.Unsuitable', answered(isInsured('}'), 999)],
]

describe('an answer', () => {
  for (const [what, reason, answer] of WITHHELD) {
    test(`${what} is withheld with ${reason}`, async () => {
      const { code, outcome, reply } = await answeredWith(answer)
      expect([reply.status, code]).toEqual([502, reason])
      expect(outcome.record).toMatchObject({
        outcome: 'withheld',
        reason,
        fields: [],
        removed: [],
        status: answer.kind === 'answered' ? answer.status : undefined,
      })
      expect(outcome.record.released).toBeUndefined()
      expect(reply.body.toString()).not.toContain('isInsured')
    })
  }

  test('that names another person in a permitted text is withheld', async () => {
    const world = makeWorld()
    const name = '範例乙 (B300000051)'
    world.provider.script = () => answered({ subjectId: 'F300000037', name })
    const { code, outcome, reply } = await one(world, household())
    expect(code).toBe('Server.Provider.FurtherPeople')
    expect(outcome.record.outcome).toBe('withheld')
    expect(seenOutside(world, reply)).not.toMatch(/B300000051|範例乙/)
  })

  test('lets nothing out about further people whose number may not pass', async () => {
    const world = makeWorld({
      inForce: makeInForce({
        document: (path, document) =>
          path === 'agreements/household-for-social-assistance.json'
            ? withFields(document, ['name', 'memberName', 'memberRelation'])
            : document,
      }),
    })
    const householdMembers = [{ subjectId: 'B300000051', name: '王示範', relation: 'SPOUSE' }]
    world.provider.script = () =>
      answered({ subjectId: 'F300000037', name: '範例乙', householdMembers })
    const { outcome, reply } = await one(world, household())
    expect(outcome.record.fields).toEqual(['name'])
    expect(seenOutside(world, reply)).not.toMatch(/B300000051|王示範|SPOUSE/)
  })

  test('that names further people where nothing is permitted leaves without them', async () => {
    const world = makeWorld()
    const householdMembers = [{ subjectId: 'B300000051', name: '王示範' }]
    world.provider.script = () =>
      answered({ subjectId: 'F300000037', name: '範例乙', householdMembers })
    const { outcome, reply } = await one(world, household())
    expect(jsonOf(reply)).toEqual({ name: '範例乙' })
    expect(outcome.record.removed).toEqual(
      expect.arrayContaining(['memberId', 'memberName', 'memberRelation', 'subjectId']),
    )
    expect(seenOutside(world, reply)).not.toMatch(/B300000051|王示範/)
  })
})

describe('no content', () => {
  test.each([204, 205, 301, 304, 404, 500])('with %i passes as it is', async (status) => {
    const { code, outcome, reply } = await answeredWith(answered('', status, []))
    expect([reply.status, reply.body.length, code]).toEqual([status, 0, undefined])
    expect(outcome.record).toMatchObject({ outcome: 'released', status, fields: [] })
    expect(outcome.record.released).toBeDefined()
  })
})

/** The NHI service with one thing registered otherwise. */
function registered(change: JsonObject): InForce {
  return makeInForce({
    document: (path, document) => {
      if (!path.startsWith('services/nhi')) return document
      const [get] = document['endpoints'] as readonly JsonObject[]
      return { ...document, endpoints: [{ ...get, ...change }] }
    },
  })
}

test.each([
  ['enrolment', enrolment],
  ['income', income],
] as const)('an error code can’t be the number of somebody else (%s)', async (_what, call) => {
  const world = makeWorld()
  world.provider.script = () => answered({ error: { code: 'B300000051' } }, 404)
  const { code, reply } = await one(world, call())
  expect([code, reply.status]).toEqual(['Server.Provider.Refused', 404])
  expect(seenOutside(world, reply)).not.toContain('B300000051')
})

describe('an error of the provider', () => {
  const error = { error: { code: 'NOT_FOUND', note: CANARY }, detail: CANARY }

  test.each([400, 404, 422, 500, 503])(
    '%i passes through its registered schema, with its own status',
    async (status) => {
      const { outcome, reply } = await answeredWith(answered(error, status))
      expect(reply.status).toBe(status)
      expect(jsonOf(reply)).toEqual({ error: { code: 'NOT_FOUND' } })
      expect(outcome.record).toMatchObject({
        fields: ['errorCode'],
        others: { count: 2 },
        outcome: 'released',
        status,
      })
      expect(outcome.record.reason).toBeUndefined()
    },
  )

  const replaced: readonly (readonly [string, ReturnType<typeof answered>])[] = [
    ['in HTML', answered(`<p>${CANARY}</p>`, 500, ['Content-Type', 'text/html'])],
    ['that is no JSON', answered(CANARY, 404)],
    ['with a code that has not its pattern', answered({ error: { code: CANARY } }, 409)],
    ['that is compressed', answered(gzipSync(CANARY), 400, ['Content-Encoding', 'gzip'])],
    ['behind a redirect', answered(CANARY, 302, ['Location', `https://${CANARY}`])],
  ]
  for (const [what, answer] of replaced) {
    test(`${what} is replaced by a problem document with the same status`, async () => {
      const { code, outcome, reply } = await answeredWith(answer)
      const status = answer.kind === 'answered' ? answer.status : 0
      expect([reply.status, code]).toEqual([status, 'Server.Provider.Refused'])
      expect(jsonOf(reply)).toMatchObject({ status, type: 'Server.Provider.Refused' })
      expect(outcome.record).toMatchObject({
        fields: [],
        outcome: 'released',
        reason: 'Server.Provider.Refused',
        status,
      })
    })
  }

  test('is replaced where no error schema is registered', async () => {
    const inForce = registered({ errorFields: [] })
    const { code, reply } = await answeredWith(answered(error, 404), inForce)
    expect([reply.status, code]).toEqual([404, 'Server.Provider.Refused'])
  })
})

describe('headers of the provider', () => {
  const forged = [
    ...JSON_TYPE,
    ...['X-Road-Error', CANARY, 'x-road-client', CANARY, 'X-ROAD-REQUEST-HASH', CANARY],
    ...['Exchange-Receipt', CANARY, 'exchange-id', CANARY, 'Exchange-State', CANARY],
    ...['Location', `/${CANARY}`, 'Set-Cookie', CANARY, 'Server', CANARY, 'Via', CANARY],
    ...['X-Name', CANARY, 'Content-Disposition', CANARY, 'Link', CANARY, 'Trailer', CANARY],
    ...['Content-Language', CANARY, 'Retry-After', CANARY, 'Date', CANARY, 'Expires', CANARY],
  ]

  test.each([200, 204, 302, 404, 500])('never imitate the gateway’s: status %i', async (status) => {
    const body = status === 204 ? '' : insured({})
    const { intent, reply } = await answeredWith(answered(body, status, forged))
    expect(headerOf(reply.headers, 'Exchange-Id')).toBe(intent.record.exchange)
    expect(headerOf(reply.headers, 'X-Road-Client')).toBe(intent.record.question.consumer)
    expect(headerOf(reply.headers, 'Location')).toBeUndefined()
    expect(headerOf(reply.headers, 'Set-Cookie')).toBeUndefined()
  })

  test('pass where they are registered, a redirect’s Location too', async () => {
    const inForce = registered({ responseHeaders: ['location'] })
    const answer = answered('', 303, ['Location', '/enrolments/7', 'X-Other', CANARY])
    const { reply } = await answeredWith(answer, inForce)
    expect([reply.status, headerOf(reply.headers, 'Location')]).toEqual([303, '/enrolments/7'])
  })
})

test('a provider that echoes nobody is taken at its word, and the record says so', async () => {
  const fields = [
    ['isInsured', '/isInsured', 'boolean'],
    ['insuredCategory', '/insuredCategory', 'year'],
  ].map(([name = '', pointer = '', type = '']) => ({
    ...{ name, pointer, type, nullable: true, category: 'C088', article6: false },
    title: { zh: '示範', en: 'demo' },
  }))
  const inForce = registered({ subjectInResponse: 'none', fields })
  const { outcome, reply } = await answeredWith(answered({ isInsured: false }), inForce)
  expect(jsonOf(reply)).toEqual({ isInsured: false })
  expect(outcome.record.subjectCheck).toBe('provider-asserted')
})

test('ten thousand unregistered names are counted up to a bound, and the record stays small', async () => {
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`${CANARY}${at}`, 0]))
  const { outcome } = await answeredWith(answered(insured(many)))
  expect(outcome.record.others?.count).toBe(1000)
  expect(outcome.text.length).toBeLessThan(2000)
})

test('amounts, names and numbers of an answer never reach a leaf, whether they passed or not', async () => {
  const world = makeWorld()
  const { reply } = await one(world, income())
  expect(reply.body.toString()).toContain('512345')
  const leaves = world.ledger.memory.entries.map(({ leaf, record }) => leaf + record).join('\n')
  expect(leaves).not.toMatch(/512345|20480|範例公司|A300000014/)
})
