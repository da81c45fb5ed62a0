/** Load is told apart from law: what is refused here is counted, and nothing of it is decided, recorded as asked or sent. */
import { Agent } from 'node:https'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, expect, test } from '@jest/globals'
import { ADMISSION, type Admission } from '../../deploy/config/admission.ts'
import type { Asked } from '../../deploy/demo/ask.ts'
import type { HealthCheck } from '../../gateway/ports/health.ts'
import type { AdmissionRecord } from '../../gateway/ledger/events.ts'
import { audit, intentsOf, outcomesOf, recordsOf } from '../harness/audit.ts'
import { ENROLMENT, HOUSEHOLD, type Answer, type Department } from '../harness/departments.ts'
import { ownRedis } from '../harness/redis-server.ts'
import { headerOf, LABOUR, startSystem, type System } from '../harness/system.ts'
import { until } from '../harness/until.ts'

let system: System | undefined

afterEach(async () => {
  await system?.[Symbol.asyncDispose]()
  system = undefined
})

/** Of an exchange that there never was. */
const NOBODYS = '019a3c5e-7b1d-7c3e-8f00-1234567890ab'

type Changes = Partial<Admission>

async function started(changes: Changes): Promise<System> {
  const admission = { ...ADMISSION, refuseAfterMs: 0, ...changes }
  system = await startSystem({ config: () => ({ admission }) })
  return system
}

function codes(asked: readonly Asked[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const one of asked) {
    const code = one.status === 200 ? '200' : headerOf(one, 'x-road-error')
    counts[code] = (counts[code] ?? 0) + 1
  }
  return counts
}

async function repeat(times: number, ask: () => Promise<Asked>): Promise<readonly Asked[]> {
  return Promise.all(Array.from({ length: times }, ask))
}

/** A department that answers nobody until it is told to. */
function held(department: Department): () => void {
  let release: () => void = () => undefined
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const whole = department.answer
  department.answer = async (received): Promise<Answer> => {
    await released
    return whole(received)
  }
  return release
}

async function admissions(data: string): Promise<Readonly<Record<string, number>>> {
  const { leaves } = await audit(data)
  const rows = (recordsOf(leaves, 'admission') as AdmissionRecord[]).flatMap(({ counts }) => counts)
  return Object.fromEntries(rows.map(({ code, count, member }) => [`${member} ${code}`, count]))
}

const quotas = (of: Partial<NonNullable<Admission['rates']>>): Changes => ({
  rates: { consumers: {}, services: {}, ...of },
})

test('a greedy consumer gets its quota and 429s with when to come again; its neighbour gets all of its own', async () => {
  const running = await started(quotas({ consumer: { requests: 10, withinSeconds: 60 } }))
  const greedy = await repeat(40, () => running.run('S3'))
  const neighbour = await repeat(10, () => running.run('household'))
  expect(codes(greedy)).toEqual({ '200': 10, 'Client.Load.RateLimited': 30 })
  expect(codes(neighbour)).toEqual({ '200': 10 })

  const [refused = greedy[0]!] = greedy.filter(({ status }) => status === 429)
  expect(headerOf(refused, 'ratelimit-policy')).toBe('"consumer";q=10;w=60')
  const [, left, seconds] =
    /^"consumer";r=(\d+);t=(\d+)$/.exec(headerOf(refused, 'ratelimit')) ?? []
  expect(left).toBe('0')
  // RFC 9110 10.2.3 and the draft: the two must not contradict each other.
  expect(headerOf(refused, 'retry-after')).toBe(seconds)
  expect(Number(seconds)).toBeGreaterThan(50)
  expect(JSON.parse(refused.body)).toMatchObject({ type: 'Client.Load.RateLimited', status: 429 })

  await running.stop()
  expect(await admissions(running.data)).toEqual({
    'TW/GOV/A17000000J Client.Load.RateLimited': 30,
  })
  const { findings, leaves } = await audit(running.data)
  expect(findings).toEqual([])
  expect(intentsOf(leaves)).toHaveLength(20)
  expect(running.departments.enrolment.received).toHaveLength(10)
})

test('an answer says how much is left, of each quota that applies', async () => {
  const running = await started(
    quotas({
      consumer: { requests: 5, withinSeconds: 60 },
      service: { requests: 100, withinSeconds: 30 },
    }),
  )
  const asked = await running.run('S3')
  expect(asked.status).toBe(200)
  expect(headerOf(asked, 'ratelimit-policy')).toBe('"consumer";q=5;w=60, "service";q=100;w=30')
  expect(headerOf(asked, 'ratelimit')).toBe('"consumer";r=4;t=60, "service";r=99;t=30')
})

test('every answer to what was counted says so, refusals too; what is turned away with its connection is not counted', async () => {
  const running = await started(quotas({ consumer: { requests: 5, withinSeconds: 60 } }))
  const told = async (path: string): Promise<readonly [number, string]> => {
    const asked = await running.run('S3', { path })
    return [asked.status, headerOf(asked, 'ratelimit').replace(/;t=\d+$/, '')]
  }
  expect(await told('/r1/TW')).toEqual([400, '"consumer";r=4'])
  expect(await told(`/exchange/receipts/${NOBODYS}`)).toEqual([404, '"consumer";r=3'])
  expect(await told('/x')).toEqual([400, ''])
  expect(await told('/exchange/receipts/x')).toEqual([400, ''])
  expect(await told('/listClients')).toEqual([200, '"consumer";r=2'])
})

test('without quotas no such field is sent', async () => {
  const asked = await (await started({})).run('S3')
  expect([asked.status, headerOf(asked, 'ratelimit')]).toEqual([200, ''])
})

test('a refusal in XML is as X-Road’s reader wants it', async () => {
  const running = await started(quotas({ consumer: { requests: 1, withinSeconds: 60 } }))
  await running.run('S3')
  const refused = await running.run('S3', { headers: { accept: 'text/xml' } })
  expect(refused.body).toContain('<type>Client.Load.RateLimited</type>')
  // What is asked of the gateway itself is refused in the same words.
  for (const own of ['/listClients', `/exchange/receipts/${NOBODYS}`]) {
    const asking = { consumer: LABOUR, path: own, headers: { accept: 'text/xml' } }
    const asked = await running.ask(asking)
    expect([asked.status, asked.body]).toEqual([429, refused.body])
  }
})

test('a provider that hangs takes its own places only: its neighbour is served, and who comes on top is told at once', async () => {
  const running = await started({
    atOneTime: { consumer: 100, provider: 4, consumerAtProvider: 100 },
  })
  const { enrolment } = running.departments
  const release = held(enrolment)
  const slow = repeat(4, () => running.run('S3'))
  await until(() => enrolment.received.length === 4, 'its places are taken')
  expect(codes(await repeat(6, () => running.run('S3')))).toEqual({ 'Server.Load.Busy': 6 })
  for (let round = 0; round < 5; round += 1) {
    expect(codes(await repeat(4, () => running.run('household')))).toEqual({ '200': 4 })
  }
  release()
  expect(codes(await slow)).toEqual({ '200': 4 })
  expect(codes(await repeat(4, () => running.run('S3')))).toEqual({ '200': 4 })
  expect(enrolment.received).toHaveLength(8)
})

test('one consumer may not take all places of a provider: another is served there', async () => {
  const running = await started({
    atOneTime: { consumer: 100, provider: 6, consumerAtProvider: 3 },
  })
  const { income } = running.departments
  const release = held(income)
  const greedy = repeat(10, () => running.run('S1'))
  await until(() => income.received.length === 3, 'it has its share')
  await pause(50)
  expect(income.received).toHaveLength(3)
  const neighbour = running.run('S1 on behalf')
  await until(() => income.received.length === 4, 'the neighbour is asked for')
  release()
  expect((await neighbour).status).toBe(200)
  expect(codes(await greedy)).toEqual({ '200': 3, 'Server.Load.Busy': 7 })
})

test('a provider that fails again and again is not asked for a while: 503 with when, no intent, and its neighbour is served', async () => {
  const running = await started({ breaker: { failuresInARow: 3, openForMs: 2000 } })
  const { enrolment } = running.departments
  enrolment.present(running.world.identityOf('subsystem', HOUSEHOLD))
  for (let time = 0; time < 3; time += 1) await running.run('S3')
  const refused = await repeat(5, () => running.run('S3'))
  expect(codes(refused)).toEqual({ 'Server.Provider.Unavailable': 5 })
  for (const one of refused) expect(headerOf(one, 'retry-after')).toMatch(/^[12]$/)
  expect(enrolment.received).toHaveLength(0)
  expect((await running.run('household')).status).toBe(200)
  const check = running.gateway.health.health
    .report()
    .checks.find(({ name }) => name === 'providers')
  expect(check).toMatchObject({ state: 'degraded' })
  expect(check?.words).toContain('TW/GOV/A21030000I/nhi-enrolment (untrusted)')
  expect(running.reports.at(-1)).toContain('breaker open')

  enrolment.present(running.world.identityOf('subsystem', ENROLMENT))
  await pause(2020)
  expect((await running.run('S3')).status).toBe(200)
  expect(codes(await repeat(5, () => running.run('S3')))).toEqual({ '200': 5 })

  await running.stop()
  const { findings, leaves, replay } = await audit(running.data)
  expect(findings).toEqual([])
  // Three that failed, one of the neighbour, six afterwards: what was refused is no intent, and each intent has its outcome.
  expect([intentsOf(leaves).length, outcomesOf(leaves).length]).toEqual([10, 10])
  expect(replay).toMatchObject({ agree: 10, differ: 0 })
  expect(await admissions(running.data)).toEqual({
    'TW/GOV/A17000000J Server.Provider.Unavailable': 5,
  })
})

test('a denial is a denial under load as well: the law is asked once there is a place', async () => {
  const running = await started(quotas({ consumer: { requests: 1, withinSeconds: 60 } }))
  const first = await running.run('S3', { headers: { 'Exchange-Purpose': '001' } })
  expect(headerOf(first, 'x-road-error')).toBe('Client.Policy.OnwardUse')
  const second = await running.run('S3', { headers: { 'Exchange-Purpose': '001' } })
  expect(headerOf(second, 'x-road-error')).toBe('Client.Load.RateLimited')
})

test('paths of services that nobody registered count against their consumer, and make no counters of their own', async () => {
  const running = await started(
    quotas({
      consumer: { requests: 5, withinSeconds: 60 },
      service: { requests: 1, withinSeconds: 60 },
    }),
  )
  const paths = Array.from({ length: 10 }, (_, at) => `/r1/TW/GOV/X/y/z${String(at)}`)
  const asked = await Promise.all(paths.map((path) => running.ask({ consumer: LABOUR, path })))
  expect(codes(asked)).toEqual({
    'Client.Request.UnknownService': 5,
    'Client.Load.RateLimited': 5,
  })
  for (const one of asked) expect(headerOf(one, 'ratelimit-policy')).toBe('"consumer";q=5;w=60')
})

test('what is asked of the gateway itself counts against its consumer as well: receipts, metaservices, and what they refuse', async () => {
  const running = await started(quotas({ consumer: { requests: 4, withinSeconds: 60 } }))
  const first = await running.run('S3')
  const own = [
    `/exchange/receipts/${headerOf(first, 'exchange-id')}`,
    '/listClients',
    `/r1/${ENROLMENT}/getOpenAPI`,
    '/listClients',
    `/r1/${ENROLMENT}/getOpenAPI`,
    `/exchange/receipts/${headerOf(first, 'exchange-id')}`,
  ]
  const asked = []
  for (const path of own) asked.push(await running.ask({ consumer: LABOUR, path }))
  expect(codes(asked)).toEqual({
    '200': 2,
    'Client.Request.ParameterMissing': 1,
    'Client.Load.RateLimited': 3,
  })
})

test('a refusal is held back, so that who repeats at once costs little; its connection stays', async () => {
  const running = await started({
    ...quotas({ consumer: { requests: 1, withinSeconds: 60 } }),
    refuseAfterMs: 150,
  })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    await running.run('S3', { agent })
    const refused = await running.run('S3', { agent })
    expect(refused.status).toBe(429)
    expect(refused.milliseconds).toBeGreaterThan(100)
    expect(headerOf(refused, 'connection')).toBe('keep-alive')
    // Its neighbour does not wait for it.
    const slow = running.run('S3', { agent })
    expect((await running.run('household')).status).toBe(200)
    await slow
  } finally {
    agent.destroy()
  }
})

test('gateways that count together go on alone when Redis goes away: never wider than their share, and health says so', async () => {
  const redis = await ownRedis()
  try {
    const running = await started({
      ...quotas({ consumer: { requests: 8, withinSeconds: 60 } }),
      redis: { url: new URL(redis.url), timeoutMs: 200, share: 0.5 },
    })
    const rates = (): HealthCheck | undefined =>
      running.gateway.health.health.report().checks.find(({ name }) => name === 'rate limits')
    await until(() => rates()?.state === 'ok', 'Redis is there')
    expect(rates()?.words).toBe('shared through Redis')
    expect(codes(await repeat(10, () => running.run('S3')))).toEqual({
      '200': 8,
      'Client.Load.RateLimited': 2,
    })
    await redis.kill()
    await until(() => rates()?.state === 'degraded', 'it is noticed')
    expect(running.gateway.health.health.report().state).not.toBe('failing')
    const { host } = new URL(redis.url)
    expect(running.reports.at(-1)).toContain(`Redis at ${host} is away`)
    expect(rates()?.words).toContain(host)
    expect(codes(await repeat(10, () => running.run('household')))).toEqual({
      '200': 4,
      'Client.Load.RateLimited': 6,
    })
  } finally {
    await redis.stop()
  }
})
