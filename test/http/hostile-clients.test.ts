import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { afterEach, beforeAll, expect, test } from '@jest/globals'
import type { Call, Reply } from '../../gateway/exchange/call.ts'
import { SubsystemId } from '../../policies/vocabulary.ts'
import { makePki, type Pki, type TlsFiles } from '../harness/pki.ts'
import { until } from '../harness/until.ts'
import {
  CONSUMER,
  listening,
  nothingOpen,
  OK,
  openConnections,
  PATH,
  rawClient,
  type Listening,
  type Parts,
} from './listening.ts'

const MEMBER = 'TW/GOV/A000000018'
const SHORT = { handshakeMs: 150, headersMs: 150, requestMs: 300, checkMs: 30, lingerMs: 60 }
let pki: Pki
let consumer: TlsFiles
let gate: Listening
/** Requests whose head has come. */
let heads = 0

beforeAll(async () => {
  pki = await makePki()
  consumer = await pki.issueSubsystem(CONSUMER)
})

/** Whatever a test did, the listener itself has to end its connections: nobody helps it here. */
afterEach(async () => {
  await nothingOpen(gate.server)
  await gate[Symbol.asyncDispose]()
})

async function start(parts: Parts = {}): Promise<void> {
  gate = await listening(pki, { ...parts, limits: { ...SHORT, ...parts.limits } })
  heads = 0
  gate.server.prependListener('request', () => (heads += 1))
}

function statusOf(reply: string): string | undefined {
  return /^HTTP\/1.1 (\d{3}) /.exec(reply)?.[1]
}

function errorIn(reply: string): string | undefined {
  return /^X-Road-Error: (.*)\r$/m.exec(reply)?.[1]
}

async function sent(text: string): Promise<string> {
  const client = await rawClient(gate.port, consumer)
  client.send(text)
  return client.closed()
}

const HEAD = `POST ${PATH} HTTP/1.1\r\nHost: gateway\r\n`

test('a connection that says nothing is closed when its time for the handshake is over', async () => {
  await start()
  const begun = performance.now()
  // Its own side stays open: only a server that closes for good gets rid of it.
  const socket = connectTcp({ port: gate.port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => undefined)
  socket.resume()
  await once(socket, 'connect')
  await pause(50)
  await nothingOpen(gate.server)
  expect(performance.now() - begun).toBeLessThan(4000)
  expect(gate.refused).toEqual([])
  socket.destroy()
})

test('a connection that speaks something else than TLS is closed', async () => {
  await start()
  const socket = connectTcp(gate.port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write('GET / HTTP/1.1\r\nHost: gateway\r\n\r\n')
  socket.resume()
  await once(socket, 'close')
})

test('a secured connection without a request is told 408 and closed', async () => {
  await start()
  const client = await rawClient(gate.port, consumer)
  const reply = await client.closed()
  expect([statusOf(reply), errorIn(reply)]).toEqual(['408', 'Client.Request.TooSlow'])
  expect(gate.refused).toEqual([`Client.Request.TooSlow ${MEMBER}`])
})

test.each([
  ['headers', `POST ${PATH} HTTP/1.1\r\n`, 'X-Slow: 1\r\n'],
  ['a body', `${HEAD}Content-Length: 1000\r\n\r\n`, 'x'],
  ['a chunked body', `${HEAD}Transfer-Encoding: chunked\r\n\r\n`, '1\r\nx\r\n'],
])('%s that trickle in are cut off with 408', async (_what, first, drop) => {
  await start()
  const client = await rawClient(gate.port, consumer)
  client.send(first)
  const dripping = setInterval(() => {
    client.send(drop)
  }, 25)
  const begun = performance.now()
  const reply = await client.closed()
  clearInterval(dripping)
  expect([statusOf(reply), errorIn(reply)]).toEqual(['408', 'Client.Request.TooSlow'])
  expect(performance.now() - begun).toBeLessThan(4000)
  expect(gate.calls).toEqual([])
})

const BROKEN: Readonly<Record<string, readonly [status: string, code: string, text: string]>> = {
  'a header of 20 KiB': ['431', 'HeadersTooLarge', `${HEAD}X: ${'a'.repeat(20_480)}\r\n\r\n`],
  '3,000 headers': ['431', 'HeadersTooLarge', `${HEAD}${'a:b\r\n'.repeat(3000)}\r\n`],
  '101 headers': ['431', 'HeadersTooLarge', `${HEAD}${'a:b\r\n'.repeat(100)}\r\n`],
  'Content-Length and Transfer-Encoding': [
    '400',
    'Malformed',
    `${HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  'two Content-Lengths': [
    '400',
    'Malformed',
    `${HEAD}Content-Length: 5\r\nContent-Length: 6\r\n\r\n`,
  ],
  'a Content-Length that is no number': ['400', 'Malformed', `${HEAD}Content-Length: +5\r\n\r\n`],
  'another transfer coding': [
    '400',
    'Malformed',
    `${HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  ],
  'a chunk size that is no number': [
    '400',
    'Malformed',
    `${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
  ],
  'no Host': ['400', 'Malformed', `POST ${PATH} HTTP/1.1\r\nA: b\r\n\r\n`],
  'a Host with more than a host': [
    '400',
    'Malformed',
    `POST ${PATH} HTTP/1.1\r\nHost: a b@c/d?e\r\n\r\n`,
  ],
  'a Host with two ports': ['400', 'Malformed', `POST ${PATH} HTTP/1.1\r\nHost: a:1:2\r\n\r\n`],
  'two Hosts': ['400', 'Malformed', `${HEAD}host: other\r\n\r\n`],
  'a folded header': ['400', 'Malformed', `${HEAD}X-Road-Client: a\r\n b\r\n\r\n`],
  'a header with NUL': ['400', 'Malformed', `${HEAD}X: a\0b\r\n\r\n`],
  'a space before the colon': ['400', 'Malformed', `${HEAD}X-Road-Client : a\r\n\r\n`],
  'a bare line feed': ['400', 'Malformed', `POST ${PATH} HTTP/1.1\nHost: gateway\n\n`],
  'HTTP/2 without asking': ['400', 'Malformed', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  'another version of HTTP': ['400', 'Malformed', `POST ${PATH} HTTP/2.0\r\nHost: gateway\r\n\r\n`],
  'chunks in HTTP/1.0, which has none': [
    '400',
    'Malformed',
    `POST ${PATH} HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  'no HTTP at all': ['400', 'Malformed', 'hello\r\n\r\n'],
  'an unknown method': ['400', 'Malformed', `FETCH ${PATH} HTTP/1.1\r\nHost: gateway\r\n\r\n`],
  'an absolute target': [
    '400',
    'MalformedPath',
    `GET https://gateway${PATH} HTTP/1.1\r\nHost: gateway\r\n\r\n`,
  ],
  'a target *': ['400', 'MalformedPath', 'OPTIONS * HTTP/1.1\r\nHost: gateway\r\n\r\n'],
  'a path that is none of ours': [
    '400',
    'MalformedPath',
    'GET /admin HTTP/1.1\r\nHost: gateway\r\n\r\n',
  ],
  Upgrade: ['400', 'MalformedHeader', `${HEAD}Connection: upgrade\r\nUpgrade: websocket\r\n\r\n`],
  'an unknown expectation': ['400', 'MalformedHeader', `${HEAD}Expect: tea\r\n\r\n`],
  CONNECT: ['405', 'MethodNotAllowed', 'CONNECT inside:443 HTTP/1.1\r\nHost: inside:443\r\n\r\n'],
}

test.each(Object.entries(BROKEN))(
  '%s is refused with a clear problem, counted, and the connection closes',
  async (_what, [status, code, text]) => {
    await start()
    const reply = await sent(text)
    expect([statusOf(reply), errorIn(reply)]).toEqual([status, `Client.Request.${code}`])
    expect(reply).toContain('Connection: close')
    expect(gate.refused).toEqual([`Client.Request.${code} ${MEMBER}`])
    expect(gate.calls).toEqual([])
    expect(gate.faults).toEqual([])
  },
)

test.each([1001, 104_857_600])(
  'a body announced as too large (%i) is refused before it is sent',
  async (length) => {
    await start({ maxRequestBytes: () => 1000 })
    const reply = await sent(`${HEAD}Content-Length: ${length}\r\n\r\n`)
    expect([statusOf(reply), errorIn(reply)]).toEqual(['413', 'Client.Request.BodyTooLarge'])
  },
)

test.each(['Content-Length: 104857600', 'Transfer-Encoding: chunked'])(
  'of 100 MiB (%s) nothing above the limit is kept, and the sender can read its 413',
  async (how) => {
    await start({ maxRequestBytes: () => 10_000, limits: { lingerMs: 150 } })
    let received = 0
    gate.server.on('secureConnection', (socket) => {
      socket.once('close', () => (received = socket.bytesRead))
    })
    const client = await rawClient(gate.port, consumer)
    client.send(`${HEAD}${how}\r\n\r\n`)
    const mebibyte = Buffer.alloc(1 << 20, 97)
    let written = 0
    while (!client.socket.destroyed && written < 100) {
      if (how.startsWith('T')) client.send('100000\r\n')
      const flowing = client.socket.write(mebibyte)
      if (how.startsWith('T')) client.send('\r\n')
      written += 1
      if (!flowing) await Promise.race([once(client.socket, 'drain'), once(client.socket, 'close')])
    }
    const reply = await client.closed()
    expect([statusOf(reply), errorIn(reply)]).toEqual(['413', 'Client.Request.BodyTooLarge'])
    expect(gate.calls).toEqual([])
    await nothingOpen(gate.server)
    // Read on for the time of lingering, then no more.
    expect(received).toBeLessThan(104_857_600)
  },
)

test('the limit of a body is that of its service, one more byte is too much', async () => {
  await start({ maxRequestBytes: (path) => (path === PATH ? 5 : undefined) })
  const close = 'Connection: close\r\n'
  expect(statusOf(await sent(`${HEAD}${close}Content-Length: 5\r\n\r\n12345`))).toBe('200')
  expect(statusOf(await sent(`${HEAD}Content-Length: 6\r\n\r\n123456`))).toBe('413')
  const chunks = 'Transfer-Encoding: chunked\r\n\r\n3\r\n123\r\n'
  expect(statusOf(await sent(`${HEAD}${close}${chunks}2\r\n45\r\n0\r\n\r\n`))).toBe('200')
  expect(statusOf(await sent(`${HEAD}${close}${chunks}3\r\n456\r\n0\r\n\r\n`))).toBe('413')
})

/** An exchange that never answers by itself. */
function waiting(): {
  readonly exchange: (call: Call) => Promise<Reply>
  readonly aborted: Promise<unknown>
} {
  let tell: (value: unknown) => void = () => undefined
  const aborted = new Promise((resolve) => {
    tell = resolve
  })
  return {
    aborted,
    exchange: (call) =>
      new Promise((resolve) => {
        call.signal.addEventListener('abort', () => {
          tell(undefined)
          resolve(OK)
        })
      }),
  }
}

async function untilCalled(count = 1): Promise<void> {
  while (gate.calls.length < count) await pause(2)
}

test.each(['close', 'half-close', 'reset'] as const)(
  'when the consumer leaves (%s), the exchange is told at once',
  async (how) => {
    const exchange = waiting()
    await start({ exchange: exchange.exchange })
    const tcp = connectTcp(gate.port, '127.0.0.1')
    const socket = connectTls({ socket: tcp, servername: 'localhost', ...consumer })
    socket.on('error', () => undefined)
    await once(socket, 'secureConnect')
    socket.write(`${HEAD}\r\n`)
    await untilCalled()
    if (how === 'close') socket.destroy()
    else if (how === 'half-close') socket.end()
    else tcp.resetAndDestroy()
    await exchange.aborted
    expect(gate.faults).toEqual([])
    socket.destroy()
  },
)

test('everything that is pipelined on a connection ends when its consumer leaves', async () => {
  await start({
    exchange: (call) =>
      new Promise((resolve) => {
        call.signal.addEventListener('abort', () => {
          resolve(OK)
        })
      }),
  })
  const client = await rawClient(gate.port, consumer)
  client.send(`${HEAD}\r\n`.repeat(3))
  await untilCalled(3)
  client.socket.destroy()
  await nothingOpen(gate.server)
  expect(gate.calls.map((call) => call.signal.aborted)).toEqual([true, true, true])
})

test('nonsense behind a request is never answered as if it were that request', async () => {
  const exchange = waiting()
  await start({ exchange: exchange.exchange })
  const client = await rawClient(gate.port, consumer)
  client.send(`${HEAD}\r\n`)
  await untilCalled()
  client.send('nonsense\r\n\r\n')
  expect(await client.closed()).toBe('')
  await exchange.aborted
})

test('a consumer that leaves in the middle of its body leaves nothing behind', async () => {
  await start({ limits: { inFlight: 1 } })
  const client = await rawClient(gate.port, consumer)
  client.send(`${HEAD}Content-Length: 10\r\n\r\n12345`)
  await until(() => heads === 1, 'its body is awaited')
  client.socket.destroy()
  await nothingOpen(gate.server)
  // Its place is free again.
  expect(statusOf(await sent(`${HEAD}Connection: close\r\n\r\n`))).toBe('200')
})

test('above the number of exchanges under way, the next is told to come back', async () => {
  const exchange = waiting()
  await start({ exchange: exchange.exchange, limits: { inFlight: 1 } })
  const first = await rawClient(gate.port, consumer)
  first.send(`${HEAD}\r\n`)
  await untilCalled()
  const reply = await sent(`${HEAD}\r\n`)
  expect([statusOf(reply), errorIn(reply)]).toEqual(['503', 'Server.Overloaded'])
  expect(reply).toMatch(/^Retry-After: \d+\r$/m)
  expect(gate.refused).toEqual([`Server.Overloaded ${MEMBER}`])
  first.socket.destroy()
  await exchange.aborted
})

test('a member that half-sends its requests takes a quarter of the places, and another is served', async () => {
  await start({ limits: { inFlight: 8, headersMs: 5000, requestMs: 5000 } })
  const half = await Promise.all([1, 2].map(() => rawClient(gate.port, consumer)))
  for (const client of half) client.send(`${HEAD}Content-Length: 10\r\n\r\n12345`)
  await until(() => heads === 2, 'both bodies are awaited')
  const close = `${HEAD}Connection: close\r\n\r\n`
  const third = await sent(close)
  expect([statusOf(third), errorIn(third)]).toEqual(['503', 'Server.Overloaded'])
  const other = await rawClient(
    gate.port,
    await pki.issueSubsystem(SubsystemId.parse('TW/GOV/A000000027/income')),
  )
  other.send(close)
  expect(statusOf(await other.closed())).toBe('200')
  for (const client of half) client.socket.destroy()
  await nothingOpen(gate.server)
  // Its places are free again, all of them.
  expect([statusOf(await sent(close)), statusOf(await sent(close))]).toEqual(['200', '200'])
})

test('above the number of connections, none is taken', async () => {
  await start({ limits: { connections: 1, headersMs: 5000, requestMs: 5000 } })
  const first = await rawClient(gate.port, consumer)
  const second = await rawClient(gate.port, consumer)
  expect(second.socket.authorized).toBe(false)
  expect(await openConnections(gate.server)).toBe(1)
  first.socket.destroy()
})

test('a reply that nobody reads does not hold its connection', async () => {
  const huge = { ...OK, body: Buffer.alloc(64 << 20) }
  await start({ exchange: () => Promise.resolve(huge), limits: { silenceMs: 200 } })
  const client = await rawClient(gate.port, consumer)
  client.socket.removeAllListeners('data')
  client.socket.pause()
  client.send(`${HEAD}\r\n`)
  await untilCalled()
  await nothingOpen(gate.server)
  client.socket.destroy()
})

test('an idle connection is closed when its time is over', async () => {
  await start({ limits: { keepAliveMs: 50 } })
  const client = await rawClient(gate.port, consumer)
  client.send(`${HEAD}\r\n`)
  await client.until(/\{\}$/)
  await client.closed()
})
