/** When the ledger, the key store or we ourselves fail: no exchange, or an outcome; never an answer without a record. */
import { describe, expect, test } from '@jest/globals'
import { LedgerFault } from '../../../gateway/ledger/chain.ts'
import { LedgerUnavailable, type LeafKind } from '../../../gateway/ledger/entry.ts'
import { KeyStoreUnavailable } from '../../../gateway/ports/key-store.ts'
import { codeOf, enrolment, headerOf, household, income } from '../../harness/calls.ts'
import type { Fate } from '../../harness/controlled-chain.ts'
import { quiet } from '../../harness/settled.ts'
import { makeWorld, type World } from '../../harness/world.ts'
import { one, onlyPair } from './one-exchange.ts'

function failing(kind: LeafKind, fate: Fate): World {
  const world = makeWorld()
  world.ledger.fateOf = (entry) => (entry.kind === kind ? fate : 'kept')
  return world
}

const FAULTS = [
  ['refused', LedgerUnavailable],
  ['lost', LedgerFault],
  ['kept but reported lost', LedgerFault],
] as const

describe('the ledger', () => {
  test('that takes nothing more is told before a key is made: 503, and nobody is asked', async () => {
    const world = makeWorld()
    world.ledger.accepting = false
    for (const call of [enrolment(), income({ headers: { 'Exchange-Purpose': '120' } })]) {
      const reply = await world.exchange(call)
      expect([reply.status, codeOf(reply)]).toEqual([503, 'Server.Ledger.Unavailable'])
      expect(headerOf(reply.headers, 'Retry-After')).toBe('5')
    }
    expect(world.keys.asked).toBe(0)
    expect(world.provider.asked).toHaveLength(0)
  })

  for (const [fate, fault] of FAULTS) {
    test(`by which an intent is ${fate} leaves the provider unasked`, async () => {
      const world = failing('intent', fate)
      await expect(world.exchange(enrolment())).rejects.toBeInstanceOf(fault)
      await quiet()
      expect(world.provider.asked).toHaveLength(0)
      expect(world.leaves('intent')).toHaveLength(fate === 'kept but reported lost' ? 1 : 0)
    })

    test(`by which a denial is ${fate} lets no refusal out`, async () => {
      const world = failing('denial', fate)
      const call = income({ headers: { 'Exchange-Purpose': '120' } })
      await expect(world.exchange(call)).rejects.toBeInstanceOf(fault)
    })

    test(`by which an outcome is ${fate} lets nothing of the answer out`, async () => {
      const world = failing('outcome', fate)
      await expect(world.exchange(enrolment())).rejects.toBeInstanceOf(fault)
      expect(world.provider.asked).toHaveLength(1)
      expect(world.leaves('outcome')).toHaveLength(fate === 'kept but reported lost' ? 1 : 0)
    })
  }

  test('after a failed write takes no further exchange', async () => {
    const world = failing('outcome', 'lost')
    await expect(world.exchange(enrolment())).rejects.toBeInstanceOf(LedgerFault)
    expect(codeOf(await world.exchange(enrolment()))).toBe('Server.Ledger.Unavailable')
    expect(world.provider.asked).toHaveLength(1)
  })

  test('whose disk is full refuses new exchanges and finishes those in flight', async () => {
    const world = makeWorld()
    const asked = world.ledger.hold('outcome')
    const replying = world.exchange(enrolment())
    await asked.reached
    world.ledger.memory.room = 'finishes'
    expect(codeOf(await world.exchange(household()))).toBe('Server.Ledger.Unavailable')
    asked.release()
    expect((await replying).status).toBe(200)
    onlyPair(world)
  })
})

describe('the key store', () => {
  test('that can’t be had: no leaf, nobody asked, for a permit and for a denial', async () => {
    const world = makeWorld()
    world.keys.unavailable = true
    const calls = [enrolment(), household({ headers: { 'Idempotency-Key': 'k1' } })]
    for (const call of [...calls, income({ headers: { 'Exchange-Purpose': '120' } })]) {
      await expect(world.exchange(call)).rejects.toBeInstanceOf(KeyStoreUnavailable)
    }
    expect(world.ledger.memory.entries).toHaveLength(0)
    expect(world.provider.asked).toHaveLength(0)
  })
})

describe('a fault of our own', () => {
  test('while asking leaves unanswered: it may have been sent', async () => {
    const world = makeWorld()
    const fault = new Error('not for outsiders')
    world.provider.script = () => Promise.reject(fault)
    const { outcome, reply } = await one(world, enrolment())
    expect([reply.status, codeOf(reply)]).toEqual([500, 'Server.Internal'])
    expect(outcome.record).toMatchObject({ outcome: 'unanswered', reason: 'Server.Internal' })
    expect(reply.body.toString()).not.toContain('not for outsiders')
    expect(world.faults).toEqual([fault])
  })

  test('while minimising withholds, and the answer is committed to', async () => {
    const world = makeWorld()
    // Headers that can't be read: no provider can send them, but a mistake of ours could make them.
    world.provider.script = () => ({
      ...{ kind: 'answered', status: 200, body: Buffer.from('{"isInsured":true}') },
      headers: null as never,
    })
    const reply = await world.exchange(enrolment())
    expect([reply.status, codeOf(reply)]).toEqual([500, 'Server.Internal'])
    expect(reply.body.toString()).not.toContain('isInsured')
    const { outcome } = onlyPair(world)
    expect(outcome.record).toMatchObject({ outcome: 'withheld', reason: 'Server.Internal' })
    expect(outcome.record.answer).toMatch(/^[\w-]{43}$/)
    expect(world.faults).toHaveLength(1)
  })

  test('while looking at what changed, before asking, leaves not-sent', async () => {
    const world = makeWorld()
    const held = world.ledger.hold('intent')
    const replying = world.exchange(enrolment())
    await held.reached
    Object.defineProperty(world, 'standing', { get: broken })
    held.release()
    expect(codeOf(await replying)).toBe('Server.Internal')
    expect(onlyPair(world).outcome.record.outcome).toBe('not-sent')
    expect(world.provider.asked).toHaveLength(0)
  })

  test('while looking at what changed, before releasing, withholds', async () => {
    const world = makeWorld()
    const truthful = world.provider.script
    world.provider.script = (request) => {
      Object.defineProperty(world, 'standing', { get: broken })
      return truthful(request)
    }
    expect(codeOf(await world.exchange(enrolment()))).toBe('Server.Internal')
    expect(onlyPair(world).outcome.record.outcome).toBe('withheld')
  })
})

function broken(): never {
  throw new Error('broken')
}
