/** Each event by itself: who must act on it, what stands in its line, and what to do. */
import { afterEach, expect, jest, test } from '@jest/globals'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LEVELS, type Level } from '../../../adapters/log-pino/levels.ts'
import { lineOf, type Line } from '../../../adapters/log-pino/lines.ts'
import { openLog } from '../../../adapters/log-pino/open-log.ts'
import { Thinned } from '../../../adapters/log-pino/thinned.ts'
import type { ExchangeEnded, TelemetryEvent } from '../../../gateway/ports/telemetry.ts'
import { REFUSALS, type Refusal } from '../../../policies/refusal.ts'
import {
  ExchangeId,
  MemberId,
  PurposeCode,
  ServiceId,
  SubsystemId,
} from '../../../policies/vocabulary.ts'

const ALL = new Set(LEVELS)
const LABOUR = MemberId.parse('TW/GOV/A17000000J')
const PROVIDER = SubsystemId.parse('TW/GOV/A21030000I/nhi-enrolment')
const EXCHANGE = ExchangeId.parse('0197a000-0000-7000-8000-000000000000')

const RELEASED: ExchangeEnded = {
  kind: 'exchange',
  consumer: SubsystemId.parse('TW/GOV/A17000000J/labour-insurance'),
  method: 'GET',
  exchange: EXCHANGE,
  service: ServiceId.parse(`${PROVIDER}/enrolment`),
  purpose: PurposeCode.parse('031'),
  effect: 'permit',
  code: undefined,
  outcome: 'released',
  status: 200,
  provider: 200,
  began: 10,
  ends: [12, 20, 30.128],
  trace: {
    ...{ traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' },
    ...{ parentId: undefined, sampled: true, flag: true, state: 'vendor=outside' },
  },
}

afterEach(() => {
  jest.useRealTimers()
})

/** Level, members and words; members that are undefined are not written. */
function told(event: TelemetryEvent): unknown {
  const line = lineOf(event, ALL)
  if (line === undefined) return undefined
  return [line.level, JSON.parse(JSON.stringify(line.fields)), line.words]
}

test('an exchange: what it was, how long it took as a whole, and nothing that came from outside', () => {
  expect(told(RELEASED)).toEqual([
    'info',
    {
      event: 'exchange',
      exchange: EXCHANGE,
      consumer: RELEASED.consumer,
      service: RELEASED.service,
      purpose: '031',
      verdict: 'permit',
      outcome: 'released',
      status: 200,
      provider: 200,
      ms: 20.13,
      span: '00f067aa0ba902b7',
    },
    'released',
  ])
})

test.each<[Refusal, Level]>([
  ['Client.Policy.NoBasis', 'info'],
  ['Server.Provider.Timeout', 'warn'],
  ['Server.Internal', 'error'],
])('an exchange that ended with %s has the level of its code: %s', (code, level) => {
  expect(lineOf({ ...RELEASED, code }, ALL)).toMatchObject({ level, fields: { code } })
})

test('a breaker names its provider; only that it opens is somebody’s to act on', () => {
  const breaker = (state: 'open' | 'half-open' | 'closed'): unknown =>
    told({ kind: 'breaker', provider: PROVIDER, state })
  const fields = (state: string): object => ({ event: 'breaker', provider: PROVIDER, state })
  expect(breaker('open')).toEqual([
    'warn',
    fields('open'),
    expect.stringContaining('tell its operator'),
  ])
  expect(breaker('half-open')).toEqual(['info', fields('half-open'), 'the provider is tried again'])
  expect(breaker('closed')).toEqual(['info', fields('closed'), 'the provider answers again'])
})

test('what is refused at the door names the member, and of what goes well nothing is written', () => {
  expect(told({ kind: 'refused', code: 'Server.Overloaded', member: LABOUR, by: 'door' })).toEqual([
    'warn',
    { event: 'refused', code: 'Server.Overloaded', member: LABOUR },
    expect.stringContaining('add a gateway'),
  ])
  const replicated = { kind: 'replicated', chain: 'exchange', entries: 3, ms: 1 } as const
  expect(told({ ...replicated, stored: true })).toBeUndefined()
  expect(told({ ...replicated, stored: false })).toEqual([
    'warn',
    { event: 'not-replicated', chain: 'exchange', entries: 3 },
    expect.stringContaining('look at the brokers'),
  ])
  expect(told({ kind: 'connection', change: 'opened' })).toEqual([
    'debug',
    { event: 'connection', change: 'opened' },
    'opened',
  ])
  const committed = { chain: 'exchange', entries: 1, bytes: 1, syncMs: 1 } as const
  expect(told({ kind: 'committed', ...committed })).toBeUndefined()
  const request = { method: 'GET', route: 'other', status: 200, began: 0, ended: 1 } as const
  expect(told({ kind: 'request', ...request })).toBeUndefined()
})

test('a notice is known as one, whatever its level', () => {
  for (const [urgency, level] of [
    ['now', 'fatal'],
    ['today', 'error'],
    ['watch', 'warn'],
    ['nobody', 'info'],
  ] as const) {
    expect(told({ kind: 'notice', urgency, sentence: 'so it is' })).toEqual([
      level,
      { event: 'notice' },
      'so it is',
    ])
  }
})

test('a fault is ours, and what could quote a request is left out of it', () => {
  for (const fault of [new SyntaxError('A000000018'), new URIError('A000000018'), 'A000000018']) {
    const line = lineOf({ kind: 'fault', fault, exchange: EXCHANGE }, ALL)
    expect(line).toMatchObject({ level: 'error', fields: { event: 'fault', exchange: EXCHANGE } })
    expect(JSON.stringify(line)).not.toContain('A000000018')
  }
  const ours = lineOf({ kind: 'fault', fault: new RangeError('ours'), exchange: undefined }, ALL)
  expect(ours?.words).toBe('RangeError: ours')
})

test('below its level no line is made', () => {
  const some = new Set<Level>(['fatal', 'error'])
  expect(lineOf(RELEASED, some)).toBeUndefined()
  expect(lineOf({ ...RELEASED, code: 'Server.Internal' }, some)).toBeDefined()
})

test('who is to be told is said: a provider’s fault goes to the provider, ours names what to look at', () => {
  const wordsOf = (code: Refusal): string =>
    lineOf({ kind: 'refused', code, member: LABOUR, by: 'door' }, ALL)?.words ?? ''
  const codes = Object.keys(REFUSALS) as Refusal[]
  const ofProviders = codes.filter(
    (code) => code.startsWith('Server.Provider.') && code !== 'Server.Provider.Refused',
  )
  for (const code of ofProviders)
    expect([code, wordsOf(code)]).toEqual([code, expect.stringMatching(/tell the provider/)])
  for (const [code, what] of [
    ['Server.Identity.RevocationListStale', 'gongdao certs crl'],
    ['Server.Ledger.Unavailable', 'gongdao status'],
    ['Server.Keys.Unavailable', 'keys/keys.sqlite'],
    ['Server.Internal', 'report it'],
  ] as const) {
    expect(wordsOf(code)).toContain(what)
  }
})

test('how many were left out is said once, by the next that is written', () => {
  let now = 0
  const thinned = new Thinned(() => now)
  const line: Line = { level: 'info', fields: { event: 'refused' }, words: '' }
  const left = (code = 'one'): unknown => thinned.pass(line, code)?.fields['notWritten'] ?? 'none'
  for (let count = 0; count < 10; count += 1) expect(left()).toBe('none')
  for (let count = 0; count < 5; count += 1) expect(thinned.pass(line, 'one')).toBeUndefined()
  now = 999
  expect(thinned.pass(line, 'one')).toBeUndefined()
  now = 1_000
  expect([left(), left(), left('other')]).toEqual([6, 'none', 'none'])
})

test('each line has its time to the millisecond, across the end of a second', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gongdao-lines-'))
  try {
    const file = join(folder, 'log')
    const now = (): number => performance.now()
    const log = openLog({ level: 'info', to: file, gateway: 'g', now })
    const times = [
      '2026-11-22T08:00:00.007Z',
      '2026-11-22T08:00:00.070Z',
      '2026-11-22T08:00:01.700Z',
    ]
    jest.useFakeTimers({ doNotFake: ['performance', 'setTimeout', 'clearTimeout'] })
    for (const time of times) {
      jest.setSystemTime(Date.parse(time))
      log.tell({ kind: 'notice', urgency: 'nobody', sentence: time })
    }
    log.flushNow()
    const lines = readFileSync(file, 'utf8').trim().split('\n')
    const written = lines.map((line) => JSON.parse(line) as { time: string; msg: string })
    expect(written.map(({ time }) => time)).toEqual(times)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
