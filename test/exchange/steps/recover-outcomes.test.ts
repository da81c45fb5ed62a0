/** After a crash: every intent without an outcome gets `unknown`, which counts as disclosed. */
import { expect, test } from '@jest/globals'
import canonicalize from 'canonicalize'
import {
  deadlineOf,
  OpenIntents,
  unknownOutcome,
  type OpenIntent,
} from '../../../gateway/exchange/recover-outcomes.ts'
import { factsOf } from '../../../gateway/ledger/check-record.ts'
import type { OutcomeRecord } from '../../../gateway/ledger/events.ts'
import { Pairing } from '../../../gateway/ledger/pairing.ts'
import { publicCommitment } from '../../../gateway/ledger/public-row.ts'
import { Instant } from '../../../policies/vocabulary.ts'
import { enrolment, household, income } from '../../harness/calls.ts'
import { quiet } from '../../harness/settled.ts'
import { makeWorld, type World } from '../../harness/world.ts'

const CHAIN = 'TW/exchange/TW/GOV/GONGDAO/gateway-1/1'
const NEXT = 'TW/exchange/TW/GOV/GONGDAO/gateway-1/2'
const SALT = Buffer.alloc(16, 1)

function openOf(world: World): readonly OpenIntent[] {
  const open = new OpenIntents()
  for (const [index, { kind, record }] of world.ledger.memory.entries.entries()) {
    open.take(CHAIN, index, kind, JSON.parse(record))
  }
  return open.all()
}

/** A gateway that dies while providers are answering. */
async function crashed(): Promise<World> {
  const world = makeWorld()
  await world.exchange(enrolment())
  await world.exchange(income({ headers: { 'Exchange-Purpose': '120' } }))
  world.provider.script = () => Promise.withResolvers<never>().promise
  void world.exchange(household())
  void world.exchange(income())
  await quiet()
  return world
}

test('what has its outcome, and what was denied, is not open', async () => {
  const world = await crashed()
  const services = openOf(world).map(({ record }) => record.question.service)
  expect(services).toEqual([
    'TW/GOV/301000000A/household/household-record',
    'TW/GOV/MOF/income/annual-income',
  ])
})

test('an unknown outcome names all that may have been disclosed, and where its intent stands', async () => {
  const [open] = openOf(await crashed())
  const at = Instant.ofMilliseconds(deadlineOf(open!) + 1)
  const entry = unknownOutcome(open!, at, SALT)
  const record = JSON.parse(entry.record) as OutcomeRecord
  expect(record).toEqual({
    at,
    consumer: 'TW/GOV/379000000A/social-assistance',
    exchange: open!.record.exchange,
    fields: ['addressCity', 'addressDistrict', 'birthDate', 'name'],
    intent: open!.index,
    intentChain: CHAIN,
    outcome: 'unknown',
    removed: [],
    salt: SALT.toString('base64url'),
    service: 'TW/GOV/301000000A/household/household-record',
    subject: open!.record.subject,
    v: 1,
  })
  expect(entry).toMatchObject({ kind: 'outcome', finishes: true })
  expect(entry.public).toBe(publicCommitment('outcome', record))
  expect(entry.record).toBe(canonicalize(record))
})

test('the deadline is the recorded one: until then the provider may still be answering', async () => {
  const [open] = openOf(await crashed())
  expect(deadlineOf(open!)).toBe(open!.record.question.at + 10_000)
})

test('the verifier is content with an unknown after the deadline, and not with one before or a second', async () => {
  const world = await crashed()
  const verdicts = (at: (deadline: number) => number, times = 1): (string | undefined)[] => {
    const pairing = new Pairing()
    for (const [index, { kind, record }] of world.ledger.memory.entries.entries()) {
      const facts = factsOf(kind, record)
      if (facts?.intent !== undefined) pairing.intent(CHAIN, index, facts.intent)
      if (facts?.outcome !== undefined) pairing.outcome(CHAIN, index, facts.outcome)
    }
    const [open] = openOf(world)
    const moment = Instant.ofMilliseconds(at(deadlineOf(open!)))
    const { record } = unknownOutcome(open!, moment, SALT)
    const { outcome } = factsOf('outcome', record)!
    return Array.from({ length: times }, () => pairing.outcome(NEXT, moment, outcome!))
  }
  expect(verdicts((deadline) => deadline + 1)).toEqual([undefined])
  expect(verdicts((deadline) => deadline - 1)[0]).toContain('before its intent')
  expect(verdicts((deadline) => deadline + 1, 2)[1]).toContain('no open intent')
})

test('one that got its unknown in an earlier recovery is not open again', async () => {
  const world = await crashed()
  const open = new OpenIntents()
  for (const [index, { kind, record }] of world.ledger.memory.entries.entries()) {
    open.take(CHAIN, index, kind, JSON.parse(record))
  }
  const [first] = open.all()
  const { record } = unknownOutcome(first!, deadlineOf(first!), SALT)
  open.take(NEXT, 1, 'outcome', JSON.parse(record))
  expect(open.all()).toHaveLength(1)
  expect(open.all()[0]).not.toBe(first)
})
