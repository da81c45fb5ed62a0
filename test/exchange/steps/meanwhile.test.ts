/** What changes while an exchange is under way: asked again before the provider is, and before anything is released. */
import { describe, expect, test } from '@jest/globals'
import type { InForce } from '../../../gateway/projections/in-force.ts'
import type { JsonObject } from '../../../policies/canonical-json.ts'
import type { Refusal } from '../../../policies/refusal.ts'
import { codeOf, enrolment } from '../../harness/calls.ts'
import { makeInForce } from '../../harness/law.ts'
import { quiet } from '../../harness/settled.ts'
import { makeWorld, type World } from '../../harness/world.ts'
import { onlyPair } from './one-exchange.ts'

/** A newer manifest in which one document is another, or gone. */
function newer(
  path: string,
  changed: (document: JsonObject) => JsonObject | undefined = (same) => same,
): InForce {
  return makeInForce({
    manifest: 50,
    registry: 51,
    document: (each, document) => (each.startsWith(path) ? changed(document) : document),
  })
}

function agreement(change: JsonObject): (document: JsonObject) => JsonObject {
  return ({ agreement: before, ...rest }) => ({
    ...rest,
    agreement: { ...(before as JsonObject), ...change },
  })
}

const ENROLMENT = 'agreements/enrolment'
const CHANGES: readonly (readonly [string, Refusal, (world: World) => void])[] = [
  ['the certificate is revoked', 'Client.Identity.CertificateRevoked', revoke],
  [
    'the revocation list has gone stale',
    'Server.Identity.RevocationListStale',
    (world) => {
      world.standing = 'Server.Identity.RevocationListStale'
    },
  ],
  [
    'the agreement is taken back',
    'Client.Policy.NoBasis',
    (world) => {
      world.inForce = newer(ENROLMENT, () => undefined)
    },
  ],
  [
    'the agreement has ended',
    'Client.Policy.AgreementExpired',
    (world) => {
      world.inForce = newer(ENROLMENT, agreement({ validTo: '2026-11-22T12:00:00+08:00' }))
    },
  ],
  [
    'a field is taken out of the agreement',
    'Server.Registry.Changed',
    (world) => {
      world.inForce = newer(ENROLMENT, agreement({ fields: ['insuredCategory'] }))
    },
  ],
  [
    'the service is registered anew',
    'Server.Registry.Changed',
    (world) => {
      world.inForce = newer('services/nhi', (document) => ({ ...document, version: 2 }))
    },
  ],
]

function revoke(world: World): void {
  world.standing = 'Client.Identity.CertificateRevoked'
}

describe('between the decision and the asking', () => {
  for (const [what, reason, change] of CHANGES) {
    test(`${what}: not-sent with ${reason}, and the provider is not asked`, async () => {
      const world = makeWorld()
      const held = world.ledger.hold('intent')
      const replying = world.exchange(enrolment())
      await held.reached
      change(world)
      held.release()
      expect(codeOf(await replying)).toBe(reason)
      expect(world.provider.asked).toHaveLength(0)
      expect(onlyPair(world).outcome.record).toMatchObject({ outcome: 'not-sent', reason })
    })
  }
})

describe('between the answer and the outcome', () => {
  for (const [what, reason, change] of CHANGES) {
    test(`${what}: withheld with ${reason}, and nothing of the answer leaves`, async () => {
      const world = makeWorld()
      const truthful = world.provider.script
      world.provider.script = (request) => {
        change(world)
        return truthful(request)
      }
      const reply = await world.exchange(enrolment())
      expect(codeOf(reply)).toBe(reason)
      expect(reply.body.toString()).not.toContain('isInsured')
      const { outcome } = onlyPair(world)
      expect(outcome.record).toMatchObject({ outcome: 'withheld', reason, status: 200, fields: [] })
      expect(outcome.record.released).toBeUndefined()
      expect(outcome.record.answer).toBeDefined()
    })
  }
})

test('a change that would not refuse changes nothing, and the intent names what it was decided by', async () => {
  const world = makeWorld()
  const truthful = world.provider.script
  world.provider.script = (request) => {
    world.inForce = newer('agreements/income')
    world.revocations = 8
    return truthful(request)
  }
  expect((await world.exchange(enrolment())).status).toBe(200)
  const { intent, outcome } = onlyPair(world)
  expect(intent.record.heads).toEqual({ manifest: 40, registry: 42, revocations: 7 })
  expect(outcome.record.outcome).toBe('released')
})

test('a newer manifest is asked at the moment of asking: an agreement that ended in between refuses', async () => {
  const world = makeWorld()
  const truthful = world.provider.script
  world.provider.script = (request) => {
    world.inForce = newer(ENROLMENT, agreement({ validTo: '2026-11-22T12:00:05+08:00' }))
    world.clock.advance(6_000)
    return truthful(request)
  }
  expect(codeOf(await world.exchange(enrolment()))).toBe('Client.Policy.AgreementExpired')
  expect(onlyPair(world).outcome.record.outcome).toBe('withheld')
})

test('an agreement that ends while the provider answers is not answered under, whatever else stays as it was', async () => {
  const world = makeWorld()
  const truthful = world.provider.script
  world.provider.script = (request) => {
    world.clock.advance(20 * 366 * 86_400_000)
    return truthful(request)
  }
  expect(codeOf(await world.exchange(enrolment()))).toBe('Client.Policy.AgreementExpired')
  expect(onlyPair(world).outcome.record.outcome).toBe('withheld')
})

test('an unanswered exchange stays unanswered, whatever changed meanwhile', async () => {
  const world = makeWorld()
  world.provider.script = () => {
    revoke(world)
    return { kind: 'unanswered', why: 'timeout' }
  }
  expect(codeOf(await world.exchange(enrolment()))).toBe('Server.Provider.Timeout')
  expect(onlyPair(world).outcome.record.outcome).toBe('unanswered')
})

describe('a consumer that leaves', () => {
  test('before the intent is durable: not-sent, the provider is never asked', async () => {
    const world = makeWorld()
    const leaving = new AbortController()
    const held = world.ledger.hold('intent')
    const replying = world.exchange(enrolment({ signal: leaving.signal }))
    await held.reached
    leaving.abort()
    held.release()
    await replying
    expect(world.provider.asked).toHaveLength(0)
    expect(onlyPair(world).outcome.record).toMatchObject({
      outcome: 'not-sent',
      reason: 'Client.Request.Abandoned',
    })
  })

  test('while the provider is answering: it is told at once, and the outcome is unanswered', async () => {
    const world = makeWorld()
    const leaving = new AbortController()
    world.provider.script = () => Promise.withResolvers<never>().promise
    const replying = world.exchange(enrolment({ signal: leaving.signal }))
    await quiet()
    expect(world.provider.asked[0]!.signal.aborted).toBe(false)
    leaving.abort()
    await replying
    expect(world.provider.asked[0]!.signal.aborted).toBe(true)
    expect(onlyPair(world).outcome.record).toMatchObject({
      outcome: 'unanswered',
      reason: 'Client.Request.Abandoned',
    })
  })

  test('when the answer has come: withheld, since nothing of it leaves', async () => {
    const world = makeWorld()
    const leaving = new AbortController()
    const ask = world.provider.ask.bind(world.provider)
    world.provider.ask = async (request) => {
      const answer = await ask(request)
      leaving.abort()
      return answer
    }
    await world.exchange(enrolment({ signal: leaving.signal }))
    const { outcome } = onlyPair(world)
    expect(outcome.record).toMatchObject({
      outcome: 'withheld',
      reason: 'Client.Request.Abandoned',
      status: 200,
    })
    expect(outcome.record.released).toBeUndefined()
  })
})
