import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { makeRates, type RateSettings, type SharedRates } from '../../../adapters/limits/rates.ts'
import { connectRedis, type RedisConnection } from '../../../adapters/state-redis/connect.ts'
import type { Redis } from '../../../deploy/services/redis.ts'
import { ServiceId, SubsystemId } from '../../../policies/vocabulary.ts'
import { ownRedis } from '../../harness/redis-server.ts'
import { until } from '../../harness/until.ts'

const [A, B] = ['a', 'b'].map((name) => SubsystemId.parse(`TW/GOV/A/${name}`)) as [
  SubsystemId,
  SubsystemId,
]
const SERVICE = ServiceId.parse('TW/GOV/P/x/1')
const OTHER = ServiceId.parse('TW/GOV/P/x/2')

const NONE: RateSettings = { consumers: new Map(), services: new Map() }
const minute = (requests: number): { requests: number; withinSeconds: number } => ({
  requests,
  withinSeconds: 60,
})

/** How many of so many requests pass. */
async function passed(
  rates: SharedRates,
  times: number,
  who: SubsystemId,
  service?: ServiceId,
): Promise<number> {
  let count = 0
  for (let time = 0; time < times; time += 1) {
    const counted = await rates.count(who, service)
    if (!counted.some(({ isExceeded }) => isExceeded)) count += 1
  }
  return count
}

async function anHourBack(work: () => Promise<void>): Promise<void> {
  const real = Date.now
  const wall = jest.spyOn(Date, 'now').mockImplementation(() => real() - 3_600_000)
  try {
    await work()
  } finally {
    wall.mockRestore()
  }
}

describe('in memory', () => {
  test('each consumer has its own quota, and one of its own instead where there is one', async () => {
    const rates = makeRates({ ...NONE, consumer: minute(5), consumers: new Map([[B, minute(7)]]) })
    expect(await passed(rates, 20, A)).toBe(5)
    expect(await passed(rates, 20, B)).toBe(7)
  })

  test('what exceeds a consumer’s quota is not counted against the service: its neighbour still has all of that', async () => {
    const rates = makeRates({ ...NONE, consumer: minute(5), service: minute(10) })
    expect(await passed(rates, 100, A, SERVICE)).toBe(5)
    expect(await passed(rates, 5, B, SERVICE)).toBe(5)
  })

  test('a service has its quota for all consumers together; another service has another', async () => {
    const rates = makeRates({
      ...NONE,
      service: minute(6),
      services: new Map([[OTHER, minute(2)]]),
    })
    expect(await passed(rates, 4, A, SERVICE)).toBe(4)
    expect(await passed(rates, 4, B, SERVICE)).toBe(2)
    expect(await passed(rates, 4, B, OTHER)).toBe(2)
  })

  test('how many are left is told each time, and when there are all again', async () => {
    const rates = makeRates({ ...NONE, consumer: minute(3) })
    const told = []
    for (let time = 0; time < 4; time += 1) told.push(...(await rates.count(A, undefined)))
    expect(told.map(({ isExceeded, remaining }) => [remaining, isExceeded])).toEqual([
      [2, false],
      [1, false],
      [0, false],
      [0, true],
    ])
    for (const { resetMs } of told) {
      expect(resetMs).toBeGreaterThan(0)
      expect(resetMs).toBeLessThanOrEqual(60_000)
    }
  })

  test('after its window there are all of them again', async () => {
    const rates = makeRates({ ...NONE, consumer: { requests: 2, withinSeconds: 1 } })
    expect(await passed(rates, 5, A)).toBe(2)
    const [counted] = await rates.count(A, undefined)
    await pause((counted?.resetMs ?? 0) + 20)
    expect(await passed(rates, 5, A)).toBe(2)
  })

  test('nobody is told to wait longer than a window, though the wall clock was set back by an hour', async () => {
    const rates = makeRates({ ...NONE, consumer: { requests: 2, withinSeconds: 1 } })
    expect(await passed(rates, 3, A)).toBe(2)
    await anHourBack(async () => {
      const [over] = await rates.count(A, undefined)
      expect(over).toMatchObject({ isExceeded: true, resetMs: 1_000 })
      await pause(1_050)
      expect(await passed(rates, 3, A)).toBe(2)
    })
  })

  test('without a quota nothing is counted, and nobody waits for a turn', async () => {
    const rates = makeRates(NONE)
    expect(await rates.count(A, SERVICE)).toEqual([])
    expect([rates.turn(A), rates.turn(A)]).toEqual([0, 0])
  })

  test('what a consumer asks at once begins one after the other, at most 20 ms apart, and holds nobody else up', () => {
    let now = 1_000
    const quick = { requests: 500, withinSeconds: 1 }
    const settings = { ...NONE, consumer: minute(50), consumers: new Map([[B, quick]]) }
    const rates = makeRates(settings, undefined, () => now)
    expect([1, 2, 3, 4].map(() => rates.turn(A))).toEqual([0, 20, 40, 60])
    expect([1, 2, 3].map(() => rates.turn(B))).toEqual([0, 2, 4])
    now += 12
    expect(rates.turn(A)).toBe(68)
    now += 1_000
    expect(rates.turn(A)).toBe(0)
    const longest = Math.max(...Array.from({ length: 100 }, () => rates.turn(A)))
    expect(longest).toBe(1_000)
  })
})

describe('a shared counter that says what can not be', () => {
  /** As ioredis: `status`, and the command that the library defines. */
  function saying(answer: () => unknown): object {
    return {
      status: 'ready',
      defineCommand: () => undefined,
      rlflxIncr: () => Promise.resolve(answer()),
    }
  }
  const SETTINGS = { ...NONE, consumer: minute(40) }

  test.each<[string, unknown]>([
    ['a count below nothing', [-1_000_000, 60_000]],
    ['a count of nothing, though one was just counted', [0, 60_000]],
    ['no number', ['many', 60_000]],
    ['a number in letters', ['1', 60_000]],
    ['a part of a request', [1.5, 60_000]],
    ['more than can be counted', [2 ** 60, 60_000]],
    ['no time', [1]],
    ['a time that is over', [1, -1]],
    ['a window that never ends', [1_000, 2 ** 50]],
    ['a window longer than its own', [1, 60_001]],
    ['nothing', null],
    ['a text', 'OK'],
  ])('%s is not believed: the gateway counts for itself', async (_what, answer) => {
    const rates = makeRates(SETTINGS, { client: saying(() => answer), share: 0.25 }, () => 0)
    expect(await passed(rates, 60, A)).toBe(10)
    expect(rates.isShared()).toBe(false)
  })

  test('what can be is: to the first and the last moment of a window', async () => {
    let answer = [1, 60_000]
    const rates = makeRates(SETTINGS, { client: saying(() => answer), share: 0.25 })
    expect(await rates.count(A, undefined)).toMatchObject([{ remaining: 39, resetMs: 60_000 }])
    answer = [40, 0]
    expect(await rates.count(A, undefined)).toMatchObject([{ remaining: 0, isExceeded: false }])
    expect(rates.isShared()).toBe(true)
  })

  test('once it tells the truth again it is believed again, and nobody is still held to what it said', async () => {
    let answer = [1_000, 2 ** 50]
    const rates = makeRates(SETTINGS, { client: saying(() => answer), share: 0.25 })
    expect(await passed(rates, 30, A)).toBe(10)
    answer = [7, 30_000]
    await until(
      async () => (await rates.count(A, undefined))[0]?.remaining === 33,
      'it is believed',
    )
    expect(rates.isShared()).toBe(true)
  })

  test('after three failures in a row it is left alone for a second at a time, and nobody waits for it', async () => {
    let asked = 0
    let now = 0
    const client = saying(() => ((asked += 1), null))
    const rates = makeRates(SETTINGS, { client, share: 0.25 }, () => now)
    await passed(rates, 20, A)
    expect(asked).toBe(3)
    for (const trials of [1, 2, 3]) {
      now += 999
      await passed(rates, 20, A)
      expect(asked).toBe(2 + trials)
      now += 1
      await passed(rates, 20, A)
      expect(asked).toBe(3 + trials)
    }
  })

  test('who is over his quota costs it one more question, and no further one in that window', async () => {
    let count = 0
    const client = saying(() => [(count += 1), 60_000])
    const rates = makeRates({ ...NONE, consumer: minute(5) }, { client, share: 1 })
    expect(await passed(rates, 20, A)).toBe(5)
    expect(count).toBe(6)
  })

  test('when the window is over he is counted again, though the wall clock was set back by an hour', async () => {
    let now = 0
    let left = 1_000
    let count = 0
    const client = saying(() => [(count += 1), left])
    const settings = { ...NONE, consumer: { requests: 2, withinSeconds: 1 } }
    const rates = makeRates(settings, { client, share: 1 }, () => now)
    expect(await passed(rates, 3, A)).toBe(2)
    await anHourBack(async () => {
      now = 400
      left = 600
      expect(await rates.count(A, undefined)).toMatchObject([{ isExceeded: true, resetMs: 600 }])
      now = 1_000
      left = 1_000
      count = 0
      expect(await passed(rates, 3, A)).toBe(2)
    })
  })

  test('while it says nothing the quota that is told is the gateway’s own share, and each has one request at least', async () => {
    const away = saying(() => null)
    const rates = makeRates(SETTINGS, { client: away, share: 0.26 })
    const [told] = await rates.count(A, undefined)
    expect(told).toMatchObject({ quota: { requests: 10, withinSeconds: 60 }, remaining: 9 })
    const small = makeRates({ ...NONE, consumer: minute(3) }, { client: away, share: 0.25 })
    expect(await passed(small, 9, A)).toBe(1)
    const odd = makeRates({ ...NONE, consumer: minute(7) }, { client: away, share: 0.5 })
    expect(await passed(odd, 9, A)).toBe(3)
  })
})

describe('shared through Redis', () => {
  let redis: Redis
  const open: RedisConnection[] = []
  const changes: boolean[] = []
  const SETTINGS = { ...NONE, consumer: minute(40) }
  const SHARE = 0.25

  beforeAll(async () => {
    redis = await ownRedis()
  })
  afterEach(() => {
    for (const connection of open.splice(0)) connection.close()
    changes.length = 0
  })
  afterAll(async () => {
    await redis.stop()
  })

  let later = 0

  async function gateway(settings: RateSettings = SETTINGS): Promise<SharedRates> {
    const connection = connectRedis({
      url: new URL(redis.url),
      timeoutMs: 100,
      onChange: (isThere) => changes.push(isThere),
    })
    open.push(connection)
    await until(() => connection.isThere(), 'Redis is there')
    const shared = { client: connection.client, share: SHARE }
    return makeRates(settings, shared, () => performance.now() + later)
  }

  function someone(name: string): SubsystemId {
    return SubsystemId.parse(`TW/GOV/A/${name}`)
  }

  test('two gateways share one quota', async () => {
    const [one, two] = await Promise.all([gateway(), gateway()])
    const who = someone('shared')
    const results = await Promise.all([passed(one, 60, who), passed(two, 60, who)])
    expect(results[0] + results[1]).toBe(40)
  })

  test('while Redis is away each has its share and no more; afterwards they share again', async () => {
    const [one, two] = await Promise.all([gateway(), gateway()])
    const who = someone('away')
    expect(await passed(one, 4, who)).toBe(4)
    await redis.stop()
    await until(() => changes.length === 2, 'both have noticed')
    expect(await passed(one, 60, who)).toBe(40 * SHARE)
    expect(await passed(two, 60, who)).toBe(40 * SHARE)
    expect(one.isShared()).toBe(false)
    // Nobody has asked since: whether it answers again only its connection knows.
    later = 6_000
    expect(one.isShared()).toBe(true)
    later = 0
    await redis.start()
    await until(async () => {
      await one.count(someone('probe'), undefined)
      return one.isShared()
    }, 'it is shared again')
    expect(changes.slice(0, 2)).toEqual([false, false])
  })

  test('a Redis that hangs costs a few requests its time, and no more: then it is left alone', async () => {
    const rates = await gateway()
    const who = someone('hanging')
    await rates.count(who, undefined)
    redis.pause()
    try {
      const began = performance.now()
      const count = await passed(rates, 30, who)
      // Three that waited for 100 ms each; the trial after a second may be a fourth.
      expect(performance.now() - began).toBeLessThan(2500)
      expect(count).toBeLessThanOrEqual(40 * SHARE)
      expect(rates.isShared()).toBe(false)
    } finally {
      redis.resume()
    }
  })
})
