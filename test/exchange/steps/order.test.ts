/** Invariant 1 of gateway/README.md, L1 of the ledger: first the record, then the deed. */
import { expect, test } from '@jest/globals'
import { enrolment, household, income } from '../../harness/calls.ts'
import { isSettled, quiet } from '../../harness/settled.ts'
import { makeWorld } from '../../harness/world.ts'

test('not a byte goes to the provider before the intent is durable', async () => {
  const world = makeWorld()
  const held = world.ledger.hold('intent')
  const replying = world.exchange(enrolment())
  await held.reached
  await quiet()
  expect(world.provider.asked).toHaveLength(0)
  held.release()
  expect((await replying).status).toBe(200)
  expect(world.provider.asked).toHaveLength(1)
})

test('not a byte goes to the consumer before the outcome is durable', async () => {
  const world = makeWorld()
  const held = world.ledger.hold('outcome')
  const replying = world.exchange(income())
  await held.reached
  expect(await isSettled(replying)).toBe(false)
  held.release()
  expect((await replying).status).toBe(200)
})

test('a refusal is not told before the denial is durable', async () => {
  const world = makeWorld()
  const held = world.ledger.hold('denial')
  const replying = world.exchange(income({ headers: { 'Exchange-Purpose': '120' } }))
  await held.reached
  expect(await isSettled(replying)).toBe(false)
  held.release()
  expect((await replying).status).toBe(403)
})

test('a disk that is slow makes the provider and the consumer wait, and nobody overtakes', async () => {
  const world = makeWorld()
  const write = world.ledger.memory.hold()
  const replies = [world.exchange(enrolment()), world.exchange(household())]
  await quiet()
  expect(world.provider.asked).toHaveLength(0)
  expect(world.ledger.memory.entries).toHaveLength(0)
  write()
  expect((await Promise.all(replies)).map(({ status }) => status)).toEqual([200, 200])
})

test('intent, asking, outcome: in this order, once each', async () => {
  const world = makeWorld()
  await world.exchange(enrolment())
  const exchange = world.leaves('intent')[0]!.record.exchange
  expect(world.happenings).toEqual([
    `durable intent ${exchange}`,
    `asked ${exchange}`,
    `durable outcome ${exchange}`,
  ])
})

test('the outcome is recorded although the provider is slow, and after the provider has ended', async () => {
  const world = makeWorld()
  const answer = Promise.withResolvers<{ kind: 'unanswered'; why: 'timeout' }>()
  world.provider.script = () => answer.promise
  const replying = world.exchange(enrolment())
  await quiet()
  expect(world.leaves('outcome')).toHaveLength(0)
  answer.resolve({ kind: 'unanswered', why: 'timeout' })
  expect((await replying).status).toBe(504)
  expect(world.leaves('outcome')).toHaveLength(1)
})
