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

function speak(collector?: URL, everyMs = 100): Voice {
  const telemetry = {
    traceShare: 1,
    log: { level: 'debug', file: join(folder, 'log') },
    ...(collector && { collector: { url: collector, everyMs } }),
  } as const
  voice = openVoice({ ...configFor(folder, new Map()), telemetry })
  return voice
}

function lines(): readonly Readonly<Record<string, unknown>>[] {
  const text = readFileSync(join(folder, 'log'), 'utf8').trim()
  const whole = text.split('\n').filter((line) => line !== '')
  return whole.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
}

function onStandardError(work: () => void): string {
  const { write } = process.stderr
  let seen = ''
  process.stderr.write = (text: string | Uint8Array): boolean => {
    seen += String(text)
    return true
  }
  try {
    work()
  } finally {
    process.stderr.write = write
  }
  return seen
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

test('without telemetry whatever is said is a line with its time on standard error, the last words too', () => {
  voice = openVoice(configFor(folder, new Map()))
  const seen = onStandardError(() => {
    voice.report('Redis is away', 'watch')
    voice.last('it could not start')
  })
  expect(seen).toMatch(
    /^\d{4}-\d\d-\d\dT[\d:.]+Z gateway: Redis is away\n[^\n]+ gateway: it could not start\n$/,
  )
})

test('whoever writes what is quoted moves no cursor and begins no line: it is spelled out, and further lines are indented', () => {
  voice = openVoice(configFor(folder, new Map()))
  const seen = onStandardError(() => {
    voice.report(
      'SIGHUP: nothing was changed. 1 fault(s):\n  x.json /\u001b[2J\r\u0085\u2028\u202e\u007f王',
    )
  })
  expect(seen).toMatch(
    /^\S+ gateway: SIGHUP: nothing was changed\. 1 fault\(s\):\n {4}x\.json \/\\u001b\[2J\\u000d\\u0085\\u2028\\u202e\\u007f王\n$/,
  )
})

test('the last words are in the log when the call returns, and on standard error too: who starts it by hand sees them', () => {
  const { last } = speak()
  const seen = onStandardError(() => {
    last('it could not start: no certificate')
  })
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

test('a collector that goes away is to be watched and that it is back needs nobody, each time; what it missed is counted', async () => {
  let status = 404
  let posted = 0
  const server = createServer((request, response) => {
    posted += 1
    request.resume()
    response.writeHead(status).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    const { metrics } = speak(new URL(`http://127.0.0.1:${String(port)}/`))
    const told = (): readonly unknown[] =>
      lines().flatMap(({ level, msg }) => (String(msg).includes('collector') ? [level] : []))
    const flushed = async (count: number): Promise<boolean> => {
      await until(() => posted > 0, 'it was posted')
      return told().length >= count
    }
    for (const [at, answer] of [404, 200, 404, 200].entries()) {
      status = answer
      await until(() => flushed(at + 1), 'it is told')
    }
    expect(told()).toEqual(['warn', 'info', 'warn', 'info'])
    let text = ''
    const response = { setHeader: () => undefined, end: (all: string) => (text = all) }
    metrics?.({} as never, response as never)
    const [, failures] = /^gongdao_telemetry_failures(?:_total)? (\d+)/m.exec(text) ?? []
    expect(Number(failures)).toBeGreaterThanOrEqual(2)
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

test('what telemetry finds wrong as it closes is in the log as well: the log closes last', async () => {
  const server = createServer((_request, response) => response.writeHead(404).end())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    speak(new URL(`http://127.0.0.1:${String(port)}/`), 600_000).telemetry?.tell(EXCHANGE)
    await voice.close()
    expect(lines().map(({ msg }) => msg)).toContainEqual(
      expect.stringContaining('the collector does not take'),
    )
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
