/** Rates, places and breakers as an operator wrote them down, and what is said of them: to whom, and how urgently. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { Peer } from '../../certs/peer.ts'
import { ADMISSION, type Admission } from '../../deploy/config/admission.ts'
import { openAdmission, type OpenedAdmission } from '../../deploy/open-admission.ts'
import type { Reply } from '../../gateway/exchange/call.ts'
import type { Exchange } from '../../gateway/exchange/exchange.ts'
import { Health, type HealthCheck } from '../../gateway/ports/health.ts'
import type { Provider, ProviderAnswer, ProviderRequest } from '../../gateway/ports/provider.ts'
import type { TelemetryEvent, Urgency } from '../../gateway/ports/telemetry.ts'
import type { InForce } from '../../gateway/projections/in-force.ts'
import { GatewayId, Instant, ServiceId, SubsystemId } from '../../policies/vocabulary.ts'
import { makePki } from '../harness/pki.ts'
import { ownRedis } from '../harness/redis-server.ts'
import { scriptedRedis } from '../harness/scripted-redis.ts'
import { configFor } from '../harness/system.ts'
import { until } from '../harness/until.ts'

const [LABOUR, CITY] = ['labour', 'city'].map((name) => SubsystemId.parse(`TW/GOV/C/${name}`)) as [
  SubsystemId,
  SubsystemId,
]
const [FIRST, SECOND, OTHER] = ['x/1', 'x/2', 'y/1'].map((name) =>
  ServiceId.parse(`TW/GOV/P/${name}`),
) as [ServiceId, ServiceId, ServiceId]
const SUBSYSTEM = 'TW/GOV/P/x'
const TIMEOUT: ProviderAnswer = { kind: 'unanswered', why: 'timeout' }
const RECEIPT: Reply = { status: 200, headers: [], body: Buffer.of() }

let folder: string
let health: Health
let reports: (readonly [string, Urgency | undefined])[]
let told: TelemetryEvent[]
let opened: OpenedAdmission | undefined

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gongdao-admission-'))
  health = new Health({ now: () => Instant.ofMilliseconds(0) })
  reports = []
  told = []
})

afterEach(() => {
  opened?.close()
  opened = undefined
  rmSync(folder, { recursive: true })
})

function open(
  changes: Partial<Admission>,
  more: { readonly own?: readonly ServiceId[]; readonly isTelling?: boolean } = {},
): OpenedAdmission {
  const addresses = new Map((more.own ?? []).map((id) => [id, new URL('https://127.0.0.1:9')]))
  const admission = { ...ADMISSION, refuseAfterMs: 0, ...changes }
  const config = { ...configFor(folder, addresses), admission }
  const telemetry = {
    now: () => 0,
    sampling: undefined,
    tell: (event: TelemetryEvent) => told.push(event),
  }
  opened = openAdmission(config, {
    health,
    report: (sentence, urgency) => reports.push([sentence, urgency]),
    ...(more.isTelling === true && { telemetry }),
  })
  return opened
}

function asking(exchange: Exchange): (consumer: SubsystemId, service: ServiceId) => Promise<Reply> {
  const inForce = { service: (id: ServiceId) => ({ document: { id } }) } as unknown as InForce
  const admitted = opened!
    .admission({ inForce: () => inForce, refused: () => undefined })
    .exchange(exchange)
  return (subsystem, service) =>
    admitted({
      path: `/r1/${service}/z`,
      headers: [],
      peer: { subsystem } as Peer,
    } as never)
}

function served(): Promise<Reply> {
  return Promise.resolve(RECEIPT)
}

/** Statuses, of so many requests one after the other. */
async function passed(
  times: number,
  consumer: SubsystemId,
  service: ServiceId,
  ask = asking(served),
): Promise<number> {
  let count = 0
  for (let time = 0; time < times; time += 1) {
    if ((await ask(consumer, service)).status === 200) count += 1
  }
  return count
}

function check(name: string): HealthCheck | undefined {
  return health.report().checks.find((one) => one.name === name)
}

async function fail(provider: Provider, service: ServiceId): Promise<void> {
  await provider.ask({ service } as ProviderRequest)
}

test('a service with an address of its own is a provider of its own: its breaker opens for it alone, under its name', async () => {
  const { guard } = open(
    { breaker: { failuresInARow: 1, openForMs: 60_000 } },
    { own: [FIRST], isTelling: true },
  )
  expect(check('providers')).toMatchObject({ state: 'ok' })
  const provider = guard({ ask: () => Promise.resolve(TIMEOUT) })
  await fail(provider, FIRST)
  expect([await passed(1, LABOUR, FIRST), await passed(1, LABOUR, SECOND)]).toEqual([0, 1])
  expect(check('providers')).toMatchObject({
    state: 'degraded',
    words: `not asked after failures in a row: ${FIRST} (timeout)`,
  })
  await fail(provider, SECOND)
  expect(await passed(1, LABOUR, OTHER)).toBe(1)
  expect(told).toEqual([
    { kind: 'breaker', provider: FIRST, state: 'open' },
    { kind: 'breaker', provider: SUBSYSTEM, state: 'open' },
  ])
  expect(reports).toEqual([])
})

test('services without one are asked at one address, and are one provider', async () => {
  const { guard } = open({ breaker: { failuresInARow: 2, openForMs: 1 } })
  let answer: ProviderAnswer = TIMEOUT
  const provider = guard({ ask: () => Promise.resolve(answer) })
  await fail(provider, FIRST)
  await fail(provider, SECOND)
  answer = { kind: 'answered', status: 200, headers: [], body: Buffer.of() }
  const ask = asking(async () => {
    await fail(provider, SECOND)
    return RECEIPT
  })
  await until(async () => (await ask(LABOUR, SECOND)).status === 200, 'it is tried again')
  // Without telemetry the operator is told in sentences: somebody else's trouble, and only the first says what it means.
  expect(reports).toEqual([
    [expect.stringMatching(`^provider ${SUBSYSTEM}: breaker open; its consumers get 503`), 'watch'],
    [`provider ${SUBSYSTEM}: breaker half-open`, 'watch'],
    [`provider ${SUBSYSTEM}: breaker closed`, 'watch'],
  ])
})

test('each number of places is that of its own name', async () => {
  open({ atOneTime: { consumer: 3, consumerAtProvider: 2, provider: 3 } })
  const ends: (() => void)[] = []
  const ask = asking(
    () =>
      new Promise((resolve) => {
        ends.push(() => resolve(RECEIPT))
      }),
  )
  const begun = async (consumer: SubsystemId, service: ServiceId): Promise<boolean> => {
    const before = ends.length
    const asked = ask(consumer, service)
    await new Promise(setImmediate)
    if (ends.length === before) expect((await asked).status).toBe(503)
    return ends.length > before
  }
  const tries: [SubsystemId, ServiceId][] = [
    ...[1, 2, 3].map((): [SubsystemId, ServiceId] => [LABOUR, FIRST]),
    ...[1, 2].map((): [SubsystemId, ServiceId] => [LABOUR, OTHER]),
    ...[1, 2].map((): [SubsystemId, ServiceId] => [CITY, FIRST]),
    [CITY, OTHER],
  ]
  const seen: boolean[] = []
  for (const [consumer, service] of tries) seen.push(await begun(consumer, service))
  // Two of its three may be at one provider; that one has three places for all.
  expect(seen).toEqual([true, true, false, true, false, true, false, true])
  for (const end of ends) end()
})

test('a rate is that of its own name, where there is one, and is counted here alone', async () => {
  const quota = (requests: number): { requests: number; withinSeconds: number } => ({
    requests,
    withinSeconds: 60,
  })
  const rates = { consumers: { [CITY]: quota(7) }, services: { [SECOND]: quota(2) } }
  open({ rates: { ...rates, consumer: quota(5), service: quota(9) } })
  const ask = asking(served)
  expect(await passed(4, LABOUR, SECOND, ask)).toBe(2)
  expect(await passed(4, LABOUR, FIRST, ask)).toBe(1)
  expect(await passed(9, CITY, FIRST, ask)).toBe(7)
  expect(check('rate limits')).toMatchObject({
    state: 'ok',
    words: 'each gateway counts for itself',
  })
})

test('without rates nobody is counted, and health says nothing of them', async () => {
  open({})
  expect(await passed(50, LABOUR, FIRST)).toBe(50)
  expect(check('rate limits')).toBeUndefined()
})

test('Redis is asked with the password and the CA of its files; it is let go at the end', async () => {
  const pki = await makePki()
  const { cert, key } = await pki.issueGateway(GatewayId.parse('TW/GOV/GONGDAO/gateway-1'))
  await using redis = await scriptedRedis({ cert, key })
  const [passwordFile, caFile] = [join(folder, 'password'), join(folder, 'ca.pem')]
  writeFileSync(passwordFile, 'of a test\n')
  writeFileSync(caFile, pki.trust.pem.join(''))
  const url = new URL(`rediss://127.0.0.1:${String(redis.port)}`)
  const rates = { consumers: {}, services: {} }
  const files = { passwordFile, caFile, username: 'gateway-1' }
  const { close } = open({ rates, redis: { url, timeoutMs: 1000, share: 0.5, ...files } })
  await until(() => check('rate limits')?.state === 'ok', 'it is there')
  expect(check('rate limits')?.words).toBe('shared through Redis')
  const [greeting] = redis.asked
  expect(greeting?.slice(-3)).toEqual(['AUTH', 'gateway-1', 'of a test'])
  close()
  await until(() => redis.sockets.size === 0, 'it was let go')
})

test('that Redis is away mends itself and is to be watched; that it is back needs nobody', async () => {
  const redis = await ownRedis()
  try {
    const { host } = new URL(redis.url)
    const settings = { url: new URL(redis.url), timeoutMs: 1000, share: 0.5 }
    open({ rates: { consumers: {}, services: {} }, redis: settings })
    await until(() => check('rate limits')?.state === 'ok', 'it is there')
    await redis.kill()
    // Nobody has asked since: its connection alone tells.
    await until(() => check('rate limits')?.state === 'degraded', 'it is away')
    expect(check('rate limits')?.words).toContain(`Redis at ${host} does not answer`)
    await redis.start()
    await until(() => check('rate limits')?.state === 'ok', 'it is there again')
    expect(reports).toEqual([
      [
        expect.stringContaining(`Redis at ${host} is away: each gateway counts for itself`),
        'watch',
      ],
      [expect.stringContaining('there again'), 'nobody'],
    ])
  } finally {
    await redis.stop()
  }
})

test.each(['passwordFile', 'caFile'] as const)(
  'a %s that is not there is named as the configuration names it, with what to do',
  (member) => {
    const url = new URL('redis://127.0.0.1:1')
    const redis = { url, share: 0.5, timeoutMs: 100, [member]: join(folder, 'nowhere') }
    expect(() => open({ redis })).toThrow(
      new RegExp(`admission\\.redis\\.${member} can't be read .*nowhere.*leave the member out`),
    )
  },
)
