/** Parameters of every type: what an agreement does not bound it does not allow. */
import { expect, test } from '@jest/globals'
import type { InForce } from '../../../gateway/projections/in-force.ts'
import type { Json, JsonObject } from '../../../policies/canonical-json.ts'
import { codeOf, enrolment } from '../../harness/calls.ts'
import { makeInForce } from '../../harness/law.ts'
import { makeWorld } from '../../harness/world.ts'
import { onlyPair } from './one-exchange.ts'

const IN_QUERY = { in: 'query', list: false, required: false, name: 'more' }

/** The NHI service with one parameter more, and its agreement, where it says so, with a bound of it. */
function withParameter(parameter: JsonObject, bound?: JsonObject): InForce {
  return makeInForce({
    document: (path, document) => {
      if (path.startsWith('services/nhi')) return withOneMore(document, parameter)
      if (bound === undefined || !path.startsWith('agreements/enrolment')) return document
      const agreement = document['agreement'] as JsonObject
      const parameters = [...(agreement['parameters'] as readonly Json[]), bound]
      return { ...document, agreement: { ...agreement, parameters } }
    },
  })
}

function withOneMore(service: JsonObject, parameter: JsonObject): JsonObject {
  const [endpoint] = service['endpoints'] as readonly JsonObject[]
  const parameters = [
    ...(endpoint!['parameters'] as readonly Json[]),
    { ...IN_QUERY, ...parameter },
  ]
  return { ...service, endpoints: [{ ...endpoint, parameters }] }
}

async function told(inForce: InForce, query?: string): Promise<string> {
  const world = makeWorld()
  world.inForce = inForce
  return codeOf(await world.exchange(enrolment(query === undefined ? {} : { query }))) ?? 'passes'
}

const TYPES: readonly (readonly [string, JsonObject, string])[] = [
  ['code', { type: 'code', codes: ['true'] }, 'true'],
  ['boolean', { type: 'boolean' }, 'true'],
  ['text', { type: 'text', maxLength: 50 }, 'anything'],
  ['year', { type: 'year' }, '114'],
  ['date', { type: 'date' }, '2026-01-01'],
  ['integer', { type: 'integer' }, '7'],
]

test.each(TYPES)('of the type %s', async (_type, parameter, value) => {
  const query = `more=${value}`
  expect(await told(withParameter(parameter), query)).toBe('Client.Policy.FieldNotAllowed')
  const allowing = { name: 'more', scope: 'matter', maxValues: 1 }
  expect(await told(withParameter(parameter, allowing), query)).toBe('passes')
  expect(await told(withParameter(parameter))).toBe('passes')
})

test('a boolean can be bound to one of its values', async () => {
  const bound = { name: 'more', scope: 'matter', maxValues: 1, oneOf: ['false'] }
  const inForce = withParameter({ type: 'boolean' }, bound)
  expect(await told(inForce, 'more=false')).toBe('passes')
  expect(await told(inForce, 'more=true')).toBe('Client.Policy.FieldNotAllowed')
})

test('of a text the intent says that it was given, and not what it says; nobody else is named in it', async () => {
  const world = makeWorld()
  const allowing = { name: 'more', scope: 'matter', maxValues: 1 }
  world.inForce = withParameter({ type: 'text', maxLength: 50 }, allowing)
  expect((await world.exchange(enrolment({ query: 'more=secret' }))).status).toBe(200)
  const { intent } = onlyPair(world)
  expect(intent.record.question.parameters).toEqual({ more: [] })
  expect(JSON.stringify(intent)).not.toContain('secret')
  const refused = await world.exchange(enrolment({ query: 'more=F300000037' }))
  expect(codeOf(refused)).toBe('Client.Request.ParameterMalformed')
  expect(world.provider.asked).toHaveLength(1)
})

test('a text that every request has is allowed with its endpoint', async () => {
  const inForce = withParameter({ type: 'text', maxLength: 50, required: true })
  expect(await told(inForce, 'more=anything')).toBe('passes')
  expect(await told(inForce, 'more=F300000037')).toBe('Client.Request.ParameterMalformed')
})

test('a text can be allowed, not restricted: its agreement is refused with its place', () => {
  const bound = { name: 'more', scope: 'matter', maxValues: 1, oneOf: ['a'] }
  expect(() => withParameter({ type: 'text', maxLength: 50 }, bound)).toThrow('oneOf')
})
