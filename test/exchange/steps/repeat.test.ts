/** `Idempotency-Key`: with an unsafe method the provider is never asked twice (design §2). */
import { expect, test } from '@jest/globals'
import type { Call } from '../../../gateway/exchange/call.ts'
import {
  codeOf,
  enrolment,
  headerOf,
  household,
  PROCESSOR,
  type CallChange,
} from '../../harness/calls.ts'
import { makeInForce } from '../../harness/law.ts'
import { quiet } from '../../harness/settled.ts'
import { makeWorld, type World } from '../../harness/world.ts'
import type { JsonObject } from '../../../policies/canonical-json.ts'

function keyed(key: string, change: CallChange = {}): Call {
  return household({ ...change, headers: { 'Idempotency-Key': `"${key}"`, ...change.headers } })
}

const HOUR = 3_600_000

/** Status, code, and what is said of the first exchange. */
async function asks(world: World, call: Call): Promise<readonly unknown[]> {
  const { headers, status } = await world.exchange(call)
  return [status, headerOf(headers, 'Exchange-State')].filter((part) => part !== undefined)
}

test('the second call is answered 409 with id and state of the first, and is no leaf', async () => {
  const world = makeWorld()
  const first = await world.exchange(keyed('a'))
  const second = await world.exchange(keyed('a'))
  expect([second.status, codeOf(second)]).toEqual([409, 'Client.Request.Repeated'])
  expect(headerOf(second.headers, 'Exchange-State')).toBe('released')
  expect(headerOf(second.headers, 'Exchange-Id')).toBe(headerOf(first.headers, 'Exchange-Id'))
  expect(world.provider.asked).toHaveLength(1)
  expect(world.ledger.memory.entries.map(({ kind }) => kind)).toEqual(['intent', 'outcome'])
  expect(world.refusedEarly).toHaveLength(1)
})

test('the state is the one in which the first is: unanswered, withheld, not-sent', async () => {
  const scripts = {
    unanswered: () => ({ kind: 'unanswered', why: 'timeout' }) as const,
    'not-sent': () => ({ kind: 'not-sent', why: 'unreachable' }) as const,
    withheld: () =>
      ({ kind: 'answered', status: 200, headers: [], body: Buffer.from('x') }) as const,
  }
  for (const [state, script] of Object.entries(scripts)) {
    const world = makeWorld()
    world.provider.script = script
    await world.exchange(keyed('a'))
    expect(await asks(world, keyed('a'))).toEqual([409, state])
    expect(world.provider.asked).toHaveLength(1)
  }
})

test('of two at once the provider is asked for one only, and the other hears that it is asked', async () => {
  const world = makeWorld()
  const answer = Promise.withResolvers<{ kind: 'unanswered'; why: 'broken' }>()
  world.provider.script = () => answer.promise
  const first = world.exchange(keyed('a'))
  const second = world.exchange(keyed('a'))
  expect(codeOf(await second)).toBe('Client.Request.Repeated')
  expect(headerOf((await second).headers, 'Exchange-State')).toBe('asked')
  answer.resolve({ kind: 'unanswered', why: 'broken' })
  await first
  expect(world.provider.asked).toHaveLength(1)
})

test('ten at once while the intent waits for the disk: the provider is asked once', async () => {
  const world = makeWorld()
  const write = world.ledger.memory.hold()
  const replies = Array.from({ length: 10 }, () => world.exchange(keyed('a')))
  await quiet()
  write()
  const statuses = (await Promise.all(replies)).map(({ status }) => status)
  expect(statuses.toSorted((a, b) => a - b)).toEqual([200, ...Array<number>(9).fill(409)])
  expect(world.provider.asked).toHaveLength(1)
})

test('another key, or no key, is another request', async () => {
  const world = makeWorld()
  for (const call of [keyed('a'), keyed('b'), household(), household()]) {
    expect(await asks(world, call)).toEqual([200])
  }
  expect(world.provider.asked).toHaveLength(4)
})

test('the key is the subsystem’s own: another’s same key is another request', async () => {
  const inForce = makeInForce({
    document: (path, document) =>
      path.startsWith('agreements/household') ? forProcessor(document) : document,
  })
  const world = makeWorld()
  expect(await asks(world, keyed('a'))).toEqual([200])
  world.inForce = inForce
  const other = keyed('a', {
    consumer: PROCESSOR,
    headers: { 'X-Road-Represented-Party': 'GOV/379000000A' },
  })
  expect(await asks(world, other)).toEqual([200])
})

function forProcessor({ agreement, ...rest }: JsonObject): JsonObject {
  return { ...rest, agreement: { ...(agreement as JsonObject), consumer: PROCESSOR } }
}

test('a safe method may be repeated as often as one likes', async () => {
  const world = makeWorld()
  const call = enrolment({ headers: { 'Idempotency-Key': '"a"' } })
  expect(await asks(world, call)).toEqual([200])
  expect(await asks(world, call)).toEqual([200])
  expect(world.leaves('intent').map(({ record }) => record.repeat)).toEqual([undefined, undefined])
})

test('the key is honoured across midnight UTC', async () => {
  const world = makeWorld({ at: '2026-11-22T23:59:59.000Z' })
  expect(await asks(world, keyed('a'))).toEqual([200])
  world.clock.advance(2_000)
  expect(await asks(world, keyed('a'))).toEqual([409, 'released'])
})

test('the key is honoured for 24 hours, and not longer', async () => {
  const world = makeWorld({ at: '2026-11-22T13:00:00.000Z' })
  expect(await asks(world, keyed('a'))).toEqual([200])
  world.clock.advance(24 * HOUR - 1)
  expect(await asks(world, keyed('a'))).toEqual([409, 'released'])
  world.clock.advance(1)
  expect(await asks(world, keyed('a'))).toEqual([200])
  expect(await asks(world, keyed('a'))).toEqual([409, 'released'])
})

test('midnight between decision and key is no fault: the secrets are those of the moment', async () => {
  const world = makeWorld({ at: '2026-11-22T23:59:59.999Z' })
  const accepts = world.ledger.accepts.bind(world.ledger)
  // The decision took the last millisecond of the day.
  world.ledger.accepts = () => {
    world.clock.advance(1)
    return accepts()
  }
  expect(await asks(world, keyed('a'))).toEqual([200])
})

test('where the intent was not recorded the key is free again', async () => {
  const world = makeWorld()
  world.ledger.fateOf = () => 'refused'
  await expect(world.exchange(keyed('a'))).rejects.toThrow('refused')
  world.ledger.fateOf = () => 'kept'
  expect(await asks(world, keyed('a'))).toEqual([200])
})

test('where the person’s key could not be had the key is free again', async () => {
  const world = makeWorld()
  const person = world.keys.person.bind(world.keys)
  world.keys.person = () => Promise.reject(new Error('no key'))
  await expect(world.exchange(keyed('a'))).rejects.toThrow('no key')
  world.keys.person = person
  expect(await asks(world, keyed('a'))).toEqual([200])
})

test('where the outcome could not be recorded the key stays taken: the provider was asked', async () => {
  const world = makeWorld()
  world.ledger.fateOf = ({ kind }) => (kind === 'outcome' ? 'refused' : 'kept')
  await expect(world.exchange(keyed('a'))).rejects.toThrow('refused')
  expect(await asks(world, keyed('a'))).toEqual([409, 'asked'])
  expect(world.provider.asked).toHaveLength(1)
})

test('more keys than can be remembered are refused, never forgotten: no provider is asked twice', async () => {
  const world = makeWorld({ mostRepeats: 8 })
  expect(await asks(world, keyed('a'))).toEqual([200])
  expect(await asks(world, keyed('b'))).toEqual([200])
  const refused = await world.exchange(keyed('c'))
  expect([refused.status, codeOf(refused)]).toEqual([503, 'Server.Overloaded'])
  expect(headerOf(refused.headers, 'Retry-After')).toMatch(/^\d+$/)
  expect(await asks(world, keyed('a'))).toEqual([409, 'released'])
  expect(world.provider.asked).toHaveLength(2)
  expect(world.leaves('intent')).toHaveLength(2)
  // What needs no memory is served all the same.
  expect(await asks(world, household())).toEqual([200])
  world.clock.advance(24 * HOUR)
  expect(await asks(world, keyed('c'))).toEqual([200])
})

test('a denial does not consume the key', async () => {
  const world = makeWorld()
  const denied = keyed('a', { headers: { 'Exchange-Purpose': '120' } })
  expect(await asks(world, denied)).toEqual([403])
  expect(await asks(world, denied)).toEqual([403])
  expect(await asks(world, keyed('a'))).toEqual([200])
})

test('the intent holds an HMAC, not the key', async () => {
  const world = makeWorld()
  await world.exchange(keyed('A300000014-request'))
  const { record, text } = world.leaves('intent')[0]!
  expect(record.repeat).toMatch(/^[\w-]{43}$/)
  expect(text).not.toContain('A300000014-request')
})
