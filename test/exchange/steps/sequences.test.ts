/** Whatever is asked, answered, held, lost and changed, in whatever order: the invariants of gateway/README.md hold. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Call, Reply } from '../../../gateway/exchange/call.ts'
import { factsOf } from '../../../gateway/ledger/check-record.ts'
import { Pairing } from '../../../gateway/ledger/pairing.ts'
import type { ProviderAnswer } from '../../../gateway/ports/provider.ts'
import { enrolment, headerOf, household, income, LABOUR, PROCESSOR } from '../../harness/calls.ts'
import type { Fate } from '../../harness/controlled-chain.ts'
import { makeInForce } from '../../harness/law.ts'
import { answered, truthAbout, truthful, type Script } from '../../harness/scripted-provider.ts'
import { quiet } from '../../harness/settled.ts'
import { makeWorld, type World } from '../../harness/world.ts'

type Asking = (signal: AbortSignal) => Call

const CALLS: Readonly<Record<string, Asking>> = {
  enrolment: (signal) => enrolment({ signal }),
  income: (signal) => income({ signal }),
  household: (signal) => household({ signal }),
  'key a': (signal) => household({ signal, headers: { 'Idempotency-Key': 'a' } }),
  'key b': (signal) => household({ signal, headers: { 'Idempotency-Key': 'b' } }),
  'key a, denied': (signal) =>
    household({ signal, headers: { 'Idempotency-Key': 'a', 'Exchange-Purpose': '120' } }),
  denied: (signal) => income({ signal, headers: { 'Exchange-Fields': 'payerName' } }),
  'no agreement': (signal) => income({ signal, consumer: LABOUR }),
  processor: (signal) => income({ signal, consumer: PROCESSOR }),
  malformed: (signal) => income({ signal, query: 'id=A300000014&id=A300000014' }),
  unknown: (signal) => enrolment({ signal, path: '/r1/TW/GOV/MOF/income/none/x' }),
}

const CANARY = 'CANARY-B300000051'

const ANSWERS: Readonly<Record<string, Script>> = {
  truth: truthful,
  more: (request) => answered({ ...truthAbout(request), [CANARY]: CANARY }),
  another: (request) => answered({ ...truthAbout(request), subjectId: 'A400000016' }),
  'no JSON': () => answered(CANARY),
  error: () => answered({ error: { code: 'NOT_FOUND', note: CANARY } }, 404),
  'bare error': () => answered(CANARY, 500, ['Content-Type', 'text/plain', 'X-Data', CANARY]),
  'no content': () => answered('', 204, ['Location', CANARY]),
  redirect: () => answered('', 302, ['Location', CANARY]),
  slow: () => unanswered('timeout'),
  broken: () => unanswered('broken'),
  gone: () => ({ kind: 'not-sent', why: 'unreachable' }),
  fault: () => {
    throw new Error('a fault of the adapter')
  },
}

function unanswered(why: 'timeout' | 'broken'): ProviderAnswer {
  return { kind: 'unanswered', why }
}

type Step =
  | { readonly do: 'ask'; readonly what: string; readonly leaves: boolean }
  | { readonly do: 'answer'; readonly how: string }
  | { readonly do: 'wait' }
  | { readonly do: 'advance'; readonly milliseconds: number }
  | { readonly do: 'disk'; readonly fate: Fate; readonly of: 'intent' | 'denial' | 'outcome' }
  | { readonly do: 'change'; readonly what: 'manifest' | 'withdrawal' | 'revoke' | 'keys' }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: asking() },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      how: fc.constantFrom(...Object.keys(ANSWERS)),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('advance' as const),
      milliseconds: fc.integer({ min: 0, max: 40 * 3_600_000 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('disk' as const),
      fate: fc.constantFrom<Fate>('kept', 'kept', 'refused', 'lost', 'kept but reported lost'),
      of: fc.constantFrom('intent' as const, 'denial' as const, 'outcome' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('change' as const),
      what: fc.constantFrom('manifest', 'withdrawal', 'revoke', 'keys'),
    }),
  },
)

function asking(): fc.Arbitrary<Step> {
  return fc.record({
    do: fc.constant('ask' as const),
    what: fc.constantFrom(...Object.keys(CALLS)),
    leaves: fc.boolean(),
  })
}

const DEMO = makeInForce()
const WITHDRAWN = makeInForce({
  manifest: 60,
  document: (path, document) => (path.startsWith('agreements/household') ? undefined : document),
})
const AGAIN = makeInForce({ manifest: 70 })

interface Told {
  readonly call: Call
  readonly reply: Reply | undefined
}

/** Runs the steps to the end of every call; what each caller was told, undefined for a fault. */
async function run(world: World, steps: readonly Step[]): Promise<readonly Told[]> {
  const told: Promise<Told>[] = []
  for (const each of steps) {
    if (each.do === 'ask') told.push(ask(world, each))
    else await take(world, each)
  }
  return Promise.all(told)
}

async function ask(world: World, { what, leaves }: Extract<Step, { do: 'ask' }>): Promise<Told> {
  const leaving = new AbortController()
  const call = CALLS[what]!(leaving.signal)
  const replying = world.exchange(call).catch(() => undefined)
  if (leaves) {
    await quiet()
    leaving.abort()
  }
  return { call, reply: await replying }
}

async function take(world: World, each: Exclude<Step, { do: 'ask' }>): Promise<void> {
  switch (each.do) {
    case 'answer':
      world.provider.script = slowly(ANSWERS[each.how]!)
      return
    case 'wait':
      await quiet()
      return
    case 'advance':
      world.clock.advance(each.milliseconds)
      return
    case 'disk':
      world.ledger.fateOf = ({ kind }) => (kind === each.of ? each.fate : 'kept')
      return
    case 'change':
      change(world, each.what)
  }
}

/** So that other steps come in between. */
function slowly(script: Script): Script {
  return async (request) => {
    await quiet()
    return script(request)
  }
}

function change(world: World, what: Extract<Step, { do: 'change' }>['what']): void {
  if (what === 'manifest') world.inForce = AGAIN
  if (what === 'withdrawal') world.inForce = WITHDRAWN
  if (what === 'revoke') {
    world.standing = world.standing === 'good' ? 'Client.Identity.CertificateRevoked' : 'good'
  }
  if (what === 'keys') world.keys.unavailable = !world.keys.unavailable
}

test('one outcome an intent, no asking without a durable intent, no answer without a durable outcome', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (steps) => {
      const world = makeWorld({ inForce: DEMO })
      const told = await run(world, steps)
      await quiet()
      intentsComeFirst(world)
      outcomesAreOne(world)
      repliesAreRecorded(world, told)
      nothingLeaks(world, told)
    }),
    { numRuns: 150 },
  )
})

/** Every asking has its intent before it, and no key of a subsystem is asked for twice within a day. */
function intentsComeFirst({ happenings, provider, leaves }: World): void {
  const asked = happenings.filter((happening) => happening.startsWith('asked '))
  expect(new Set(asked).size).toBe(provider.asked.length)
  for (const happening of asked) {
    const intent = happening.replace('asked', 'durable intent')
    expect(happenings.indexOf(intent)).toBeGreaterThanOrEqual(0)
    expect(happenings.indexOf(intent)).toBeLessThan(happenings.indexOf(happening))
  }
  const wasAsked = leaves('intent').filter(({ record }) =>
    asked.includes(`asked ${record.exchange}`),
  )
  const keys = wasAsked.flatMap(({ record }) => record.repeat ?? [])
  expect(new Set(keys).size).toBe(keys.length)
}

/** An intent is open only where the ledger failed; the verifier's own pairing finds no fault. */
function outcomesAreOne({ leaves, ledger }: World): void {
  const pairing = new Pairing()
  for (const [index, { kind, record }] of ledger.memory.entries.entries()) {
    const facts = factsOf(kind, record)
    expect(facts).toBeDefined()
    if (facts?.intent !== undefined) pairing.intent(ledger.origin, index, facts.intent)
    if (facts?.outcome === undefined) continue
    expect(pairing.outcome(ledger.origin, index, facts.outcome)).toBeUndefined()
  }
  const open = [...pairing.left()].length
  expect(leaves('intent').length - leaves('outcome').length).toBe(open)
  const without = [
    ...ledger.unrecorded.filter((kind) => kind === 'outcome'),
    ...ledger.reportedLost.filter((kind) => kind === 'intent'),
  ]
  expect(open).toBe(without.length)
}

/** What a caller was told is what the log says of its exchange. */
function repliesAreRecorded({ leaves, refusedEarly }: World, told: readonly Told[]): void {
  const outcomes = new Map(
    leaves('outcome').map(({ record }) => [record.exchange as string, record]),
  )
  const denials = new Map(leaves('denial').map(({ record }) => [record.exchange as string, record]))
  let early = 0
  for (const { reply } of told) {
    if (reply === undefined) continue
    const code = headerOf(reply.headers, 'X-Road-Error')
    const exchange = headerOf(reply.headers, 'Exchange-Id') ?? ''
    if (headerOf(reply.headers, 'Exchange-Receipt') === undefined) early += 1
    else if (denials.has(exchange)) expect(code).toBe(denials.get(exchange)?.refusals[0])
    else {
      expect(outcomes.get(exchange)?.reason).toBe(code)
      expect(outcomes.get(exchange)?.outcome === 'released').toBe(
        code === undefined || code === 'Server.Provider.Refused',
      )
    }
  }
  expect(refusedEarly).toHaveLength(early)
}

function nothingLeaks({ ledger }: World, told: readonly Told[]): void {
  const seen = ledger.memory.entries.map(({ leaf, record }) => leaf + record)
  for (const { reply } of told) seen.push(...(reply?.headers ?? []), reply?.body.toString() ?? '')
  expect(seen.join('\n')).not.toMatch(/CANARY|B300000051|A400000016|Z99\.2/)
  expect(ledger.memory.entries.map(({ record }) => record).join()).not.toMatch(
    /[A-Z][0-9A-D]\d{8}(?!\d)|512345|範例/,
  )
}
