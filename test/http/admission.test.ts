/** The order of what load costs a caller: counted, then its turn, then a place; a refusal is held back and has had none of the rest. */
import { expect, test } from '@jest/globals'
import type { Peer } from '../../certs/peer.ts'
import type { Reply } from '../../gateway/exchange/call.ts'
import { makeAdmission } from '../../gateway/http/admission.ts'
import type { Bulkheads, Busy, Counted } from '../../gateway/ports/load.ts'
import { SubsystemId } from '../../policies/vocabulary.ts'

const CONSUMER = SubsystemId.parse('TW/GOV/A17000000J/labour-insurance')
const RECEIPT: Reply = { status: 200, headers: [], body: Buffer.alloc(0) }
const noAccept = (): undefined => undefined
const QUOTA = { requests: 5, withinSeconds: 60 }

async function asked(turn: number, isExceeded = false, isBusy = false) {
  const did: string[] = []
  const counted: Counted = { of: 'consumer', quota: QUOTA, remaining: 4, resetMs: 900, isExceeded }
  const bulkheads: Bulkheads = {
    run(_consumer, _service, work) {
      did.push('place')
      if (isBusy) return { kind: 'busy', code: 'Server.Load.Busy', retryAfterMs: 1000 }
      return work()
    },
  }
  const admission = makeAdmission({
    rates: {
      async count() {
        did.push('counted')
        return [counted]
      },
      turn() {
        did.push('turn')
        return turn
      },
    },
    bulkheads,
    inForce: () => {
      throw new Error('a receipt is of no service')
    },
    refused: (code) => did.push(code),
    refuseAfterMs: 200,
    now: () => 0,
    async wait(milliseconds) {
      did.push(`waited ${String(milliseconds)}`)
    },
  })
  const work = async (): Promise<Reply> => {
    did.push('work')
    return RECEIPT
  }
  const { status } = await admission.own({ subsystem: CONSUMER } as Peer, work, noAccept)
  return [...did, status]
}

test('it is counted, waits for its turn, gets a place, and is served', async () => {
  expect(await asked(7)).toEqual(['counted', 'turn', 'waited 7', 'place', 'work', 200])
})

test('whose turn it is does not wait: no timer is made', async () => {
  for (const turn of [0, 0.4])
    expect(await asked(turn)).toEqual(['counted', 'turn', 'place', 'work', 200])
})

test('what is refused takes nobody’s turn, and is held back', async () => {
  const code = 'Client.Load.RateLimited'
  expect(await asked(7, true)).toEqual(['counted', code, 'waited 200', 429])
  expect(await asked(0, false, true)).toEqual([
    ...['counted', 'turn', 'place', 'Server.Load.Busy', 'waited 200'],
    503,
  ])
})

const BUSY: Busy = { kind: 'busy', code: 'Server.Load.Busy', retryAfterMs: 1500 }

/** Undefined: there is a place. */
async function told(counted: readonly Partial<Counted>[], busy?: Busy): Promise<Reply> {
  const own = { of: 'consumer', quota: QUOTA, remaining: 4, resetMs: 900, isExceeded: false }
  const admission = makeAdmission({
    rates: {
      count: () => Promise.resolve(counted.map((one) => ({ ...own, ...one }) as Counted)),
      turn: () => 0,
    },
    bulkheads: { run: (_consumer, _service, work) => busy ?? work() },
    inForce: () => {
      throw new Error('a receipt is of no service')
    },
    refused: () => undefined,
    refuseAfterMs: 0,
    now: () => 0,
    wait: () => Promise.resolve(),
  })
  return admission.own({ subsystem: CONSUMER } as Peer, () => Promise.resolve(RECEIPT), noAccept)
}

function headerIn({ headers }: Reply, name: string): string | undefined {
  const at = headers.findIndex((one, place) => place % 2 === 0 && one === name)
  return at < 0 ? undefined : headers[at + 1]
}

test('whichever of the quotas is exceeded refuses, and says when that one is whole again; never at once', async () => {
  const service = { of: 'service', resetMs: 7_100, remaining: 0, isExceeded: true } as const
  const refused = await told([{ resetMs: 60_000 }, service])
  expect([refused.status, headerIn(refused, 'Retry-After')]).toEqual([429, '8'])
  expect(headerIn(refused, 'RateLimit')).toBe('"consumer";r=4;t=60, "service";r=0;t=8')
  const atOnce = await told([{ ...service, resetMs: 0 }])
  expect([atOnce.status, headerIn(atOnce, 'Retry-After')]).toEqual([429, '1'])
})

test('who finds no place is told what is left of its quota as well: it was counted', async () => {
  const refused = await told([{}], BUSY)
  expect([refused.status, headerIn(refused, 'Retry-After')]).toEqual([503, '2'])
  expect(headerIn(refused, 'RateLimit')).toBe('"consumer";r=4;t=1')
  expect(headerIn(await told([], BUSY), 'RateLimit')).toBeUndefined()
})

test('what is refused at once ends one after the other, so that it is not repeated at once', async () => {
  const waited: number[] = []
  let now = 1_000
  const admission = makeAdmission({
    rates: undefined,
    bulkheads: { run: () => ({ kind: 'busy', code: 'Server.Load.Busy', retryAfterMs: 1000 }) },
    inForce: () => {
      throw new Error('a receipt is of no service')
    },
    refused: () => undefined,
    refuseAfterMs: 200,
    now: () => now,
    async wait(milliseconds) {
      waited.push(milliseconds)
    },
  })
  const ask = (subsystem: SubsystemId): Promise<Reply> =>
    admission.own({ subsystem } as Peer, async () => RECEIPT, noAccept)
  const other = SubsystemId.parse('TW/GOV/A17000000J/other')
  for (const consumer of [CONSUMER, CONSUMER, other, CONSUMER]) await ask(consumer)
  expect(waited).toEqual([200, 250, 200, 300])
  for (let count = 0; count < 200; count += 1) await ask(CONSUMER)
  expect(waited.at(-1)).toBe(4_200)
  // Once the line has gone by, a refusal is held back as briefly as the first.
  now += 10_000
  await ask(CONSUMER)
  expect(waited.at(-1)).toBe(200)
})
