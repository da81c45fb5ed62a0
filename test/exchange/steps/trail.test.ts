/** What an exchange leaves for telemetry: one event, whatever becomes of it; and the way from the record to the trace. */
import { describe, expect, test } from '@jest/globals'
import canonicalize from 'canonicalize'
import type { Call } from '../../../gateway/exchange/call.ts'
import { STEPS, type ExchangeEnded } from '../../../gateway/ports/telemetry.ts'
import { enrolment, headerOf, household, income } from '../../harness/calls.ts'
import { RecordingTelemetry } from '../../harness/recording-telemetry.ts'
import { answered } from '../../harness/scripted-provider.ts'
import { makeWorld, type World } from '../../harness/world.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT = '00f067aa0ba902b7'
const TRACED = { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: 'rojo=1,congo=A000000018' }

interface Watched {
  readonly world: World
  readonly telemetry: RecordingTelemetry
}

function watched(sampling?: number): Watched {
  const telemetry = new RecordingTelemetry(sampling)
  return { telemetry, world: makeWorld({ telemetry }) }
}

async function onlyEvent({ telemetry, world }: Watched, call: Call): Promise<ExchangeEnded> {
  await world.exchange(call).catch(() => undefined)
  expect(telemetry.events).toHaveLength(1)
  return telemetry.exchanges[0]!
}

describe('one event for each exchange', () => {
  test('that is released: all steps, and what came of them', async () => {
    const system = watched()
    const event = await onlyEvent(system, enrolment())
    expect(event).toMatchObject({
      kind: 'exchange',
      consumer: 'TW/GOV/A17000000J/labour-insurance',
      method: 'GET',
      service: 'TW/GOV/A21030000I/nhi-enrolment/enrolment',
      purpose: '031',
      effect: 'permit',
      code: undefined,
      outcome: 'released',
      status: 200,
      provider: 200,
    })
    expect(event.exchange).toBe(system.world.leaves('intent')[0]?.record.exchange)
    expect(event.began).toBe(1)
    expect(event.ends).toEqual(STEPS.map((_, at) => at + 2))
  })

  test('that is denied: three steps and the reply, and the first refusal', async () => {
    const event = await onlyEvent(watched(), income({ headers: { 'Exchange-Purpose': '120' } }))
    expect(event).toMatchObject({ effect: 'deny', outcome: undefined, status: 403 })
    expect(event.code).toMatch(/^Client\.Policy\./)
    expect(event.ends).toHaveLength(4)
  })

  test('that was refused before it was one: nothing of what it asked for', async () => {
    const unknown = enrolment({ path: '/r1/TW/GOV/A000000018/x/y' })
    const event = await onlyEvent(watched(), unknown)
    expect(event).toMatchObject({ code: 'Client.Request.UnknownService', status: 404 })
    expect([event.service, event.exchange, event.purpose, event.effect]).toEqual(
      Array(4).fill(undefined),
    )
    expect(JSON.stringify(event)).not.toContain('A000000018')
  })

  test.each([
    ['timeout', { kind: 'unanswered', why: 'timeout' }, 'unanswered', 'Server.Provider.Timeout'],
    [
      'unreachable',
      { kind: 'not-sent', why: 'unreachable' },
      'not-sent',
      'Server.Provider.Unreachable',
    ],
  ] as const)('whose provider is %s', async (end, answer, outcome, code) => {
    const system = watched()
    system.world.provider.script = () => answer
    expect(await onlyEvent(system, enrolment())).toMatchObject({ provider: end, outcome, code })
  })

  test('whose answer was kept back', async () => {
    const system = watched()
    system.world.provider.script = () => answered({ subjectId: 'A000000027', isInsured: true })
    expect(await onlyEvent(system, enrolment())).toMatchObject({
      provider: 200,
      outcome: 'withheld',
      code: 'Server.Provider.WrongSubject',
      status: 502,
    })
  })

  test('that a fault of our own ended: under its code, and the step it ended in', async () => {
    const system = watched()
    system.world.ledger.fateOf = ({ kind }) => (kind === 'outcome' ? 'lost' : 'kept')
    const event = await onlyEvent(system, enrolment())
    expect(event).toMatchObject({ code: 'Server.Ledger.Unavailable', status: undefined })
    expect(STEPS[event.ends.length - 1]).toBe('record-outcome')
  })

  test('none where telemetry is off, and nothing of a trace anywhere', async () => {
    const world = makeWorld()
    await world.exchange(enrolment({ headers: TRACED }))
    expect(world.leaves('intent')[0]?.record.span).toBeUndefined()
    const [asked] = world.provider.asked
    expect(headerOf(asked!.headers, 'traceparent')).toBeUndefined()
    expect(headerOf(asked!.headers, 'tracestate')).toBeUndefined()
  })
})

describe('the trace', () => {
  test("of the caller goes on: our span is the provider's parent, tracestate is kept", async () => {
    const system = watched()
    const event = await onlyEvent(system, enrolment({ headers: TRACED }))
    expect(event.trace).toMatchObject({ traceId: TRACE, parentId: PARENT, sampled: true })
    const { headers } = system.world.provider.asked[0]!
    expect(headerOf(headers, 'traceparent')).toBe(`00-${TRACE}-${event.trace!.spanId}-01`)
    expect(headerOf(headers, 'tracestate')).toBe(TRACED.tracestate)
  })

  test('goes on in our own spelling only, whatever the caller wrote', async () => {
    const system = watched()
    const rawHeaders = [
      ...['X-Road-Client', 'TW/GOV/A17000000J/labour-insurance', 'Exchange-Purpose', '031'],
      ...['TraceParent', `cc-${TRACE}-${PARENT}-ff-later`, 'TRACESTATE', 'a=1 , b=2', 'b3', '1'],
    ]
    const event = await onlyEvent(system, enrolment({ rawHeaders }))
    const { headers } = system.world.provider.asked[0]!
    const ours = headers.filter((_, at) => at % 2 === 0 && /trace|b3/i.test(headers[at]!))
    expect(ours).toEqual(['traceparent', 'tracestate'])
    expect(headerOf(headers, 'traceparent')).toBe(`00-${TRACE}-${event.trace!.spanId}-01`)
    expect(headerOf(headers, 'tracestate')).toBe('a=1,b=2')
  })

  test('is a new one where the caller has none', async () => {
    const system = watched()
    const event = await onlyEvent(system, enrolment({ headers: { tracestate: 'a=1' } }))
    expect(event.trace).toMatchObject({ parentId: undefined, state: undefined })
    expect(event.trace!.traceId).toMatch(/^[0-9a-f]{32}$/)
    expect(event.trace!.spanId).toMatch(/^[0-9a-f]{16}$/)
  })

  test('is found from the record by our span, and the record holds no outsider’s id', async () => {
    for (const [call, kind] of [
      [household({ headers: TRACED }), 'intent'],
      [income({ headers: { ...TRACED, 'Exchange-Purpose': '120' } }), 'denial'],
    ] as const) {
      const system = watched()
      const event = await onlyEvent(system, call)
      const [leaf] = system.world.leaves(kind)
      expect(leaf!.record.span).toBe(event.trace!.spanId)
      expect(leaf!.text).toBe(canonicalize(leaf!.record))
      const everything = system.world.ledger.memory.entries.map(({ record }) => record).join()
      for (const outside of [TRACE, PARENT, 'rojo', 'congo']) {
        expect(everything).not.toContain(outside)
      }
    }
  })

  test('is sampled by our own chance: the caller’s flag only goes on to the provider', async () => {
    for (const [flag, share, expected] of [
      ['01', 0, { sampled: false, flag: true }],
      ['00', 0, { sampled: false, flag: false }],
      ['00', 1, { sampled: true, flag: true }],
    ] as const) {
      const headers = { traceparent: `00-${TRACE}-${PARENT}-${flag}` }
      expect((await onlyEvent(watched(share), enrolment({ headers }))).trace).toMatchObject(
        expected,
      )
    }
  })

  test('is sampled for about the share that was asked for', async () => {
    const { telemetry, world } = watched(0.25)
    for (let count = 0; count < 400; count += 1) await world.exchange(enrolment())
    const sampled = telemetry.exchanges.filter(({ trace }) => trace?.sampled === true)
    expect(sampled.length).toBeGreaterThan(70)
    expect(sampled.length).toBeLessThan(130)
  })
})
