/** What an operator is told by a served gateway with telemetry on: at which level, and where. */
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { openVoice, type Voice } from '../../deploy/voice.ts'
import { SubsystemId } from '../../policies/vocabulary.ts'
import { configFor } from '../harness/system.ts'
import { until } from '../harness/until.ts'

let folder: string
let voice: Voice

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gongdao-voice-'))
})

afterEach(async () => {
  await voice.close()
  rmSync(folder, { recursive: true })
})

function speak(collector?: URL): Voice {
  const telemetry = {
    traceShare: 1,
    log: { level: 'debug', file: join(folder, 'log') },
    ...(collector && { collector: { url: collector, everyMs: 100 } }),
  } as const
  voice = openVoice({ ...configFor(folder, new Map()), telemetry })
  return voice
}

function lines(): readonly Readonly<Record<string, unknown>>[] {
  const text = readFileSync(join(folder, 'log'), 'utf8').trim()
  return text.split('\n').map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
}

test('a sentence has the level of who must act; where nobody said, somebody must today', async () => {
  const { report } = speak()
  report('Redis is there again', 'nobody')
  report('Redis is away', 'watch')
  report('the mark could not be written')
  report('two histories', 'now')
  await voice.close()
  expect(lines().map(({ level, msg }) => [level, msg])).toEqual([
    ['info', 'Redis is there again'],
    ['warn', 'Redis is away'],
    ['error', 'the mark could not be written'],
    ['fatal', 'two histories'],
  ])
})

test('the last words are in the log when the call returns, and on standard error too: who starts it by hand sees them', () => {
  const { last } = speak()
  const { write } = process.stderr
  let seen = ''
  process.stderr.write = (text: string | Uint8Array): boolean => {
    seen += String(text)
    return true
  }
  try {
    last('it could not start: no certificate')
  } finally {
    process.stderr.write = write
  }
  expect(lines()).toMatchObject([{ level: 'fatal', msg: 'it could not start: no certificate' }])
  expect(seen).toMatch(/gateway: it could not start: no certificate\n$/)
})

test('a collector that takes metrics and no traces is told once, not each time that the other kind passes', async () => {
  const posted = { '/v1/traces': 0, '/v1/metrics': 0 }
  const server = createServer((request, response) => {
    const path = request.url as keyof typeof posted
    posted[path] += 1
    request.resume()
    response.writeHead(path === '/v1/metrics' ? 200 : 404).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    const { telemetry } = speak(new URL(`http://127.0.0.1:${String(port)}/`))
    const tell = (): void => {
      for (let count = 0; count < 600; count += 1) telemetry?.tell(EXCHANGE)
    }
    for (const wanted of [1, 2, 3]) {
      tell()
      const isOver = (): boolean =>
        posted['/v1/traces'] >= wanted && posted['/v1/metrics'] >= wanted
      await until(isOver, 'both were posted')
    }
    await voice.close()
    const told = lines().flatMap(({ msg }) => (String(msg).includes('collector') ? [msg] : []))
    expect(told).toEqual([expect.stringContaining('does not take traces')])
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

const EXCHANGE = {
  kind: 'exchange',
  consumer: SubsystemId.parse('TW/GOV/A17000000J/labour-insurance'),
  method: 'GET',
  ...{ exchange: undefined, service: undefined, purpose: undefined, effect: undefined },
  ...{ outcome: undefined, provider: undefined },
  code: 'Client.Request.MalformedPath',
  status: 400,
  began: 0,
  ends: [1],
  trace: {
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    spanId: '00f067aa0ba902b7',
    ...{ parentId: undefined, sampled: true, flag: true, state: undefined },
  },
} as const
