import { once } from 'node:events'
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeAll, expect, test } from '@jest/globals'
import type {
  RestProvider,
  RestProviderParts,
} from '../../../adapters/provider-rest/rest-provider.ts'
import type { ServiceId, SubsystemId } from '../../../policies/vocabulary.ts'
import { makePki, type Pki, type TlsFiles } from '../../harness/pki.ts'
import {
  answerOk,
  connectionsOf,
  department,
  PROVIDER,
  requestOf,
  restProvider,
  SERVICE,
  untilConnections,
  type Department,
} from './asking-world.ts'

let pki: Pki
let files: TlsFiles
let office: Department
let provider: RestProvider

beforeAll(async () => {
  pki = await makePki()
  files = await pki.issueSubsystem(PROVIDER)
})

/** After each test, whatever happened in it: closing the adapter leaves the provider without a connection. */
afterEach(async () => {
  await provider.close()
  await untilConnections(office.server, 0)
  await office[Symbol.asyncDispose]()
})

async function start(
  speak: (socket: TLSSocket, heard: string) => void = answerOk,
  parts: Partial<RestProviderParts> = {},
): Promise<void> {
  office = await department(files, speak)
  provider = restProvider(pki, office.url, parts)
}

async function timed<T>(work: Promise<T>): Promise<[T, number]> {
  const begun = performance.now()
  const result = await work
  return [result, performance.now() - begun]
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function heapInUse(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'

test('what was decided on is sent byte for byte, and the whole answer comes back', async () => {
  await start((socket) =>
    socket.write(`${HEAD}x-Any: \xe9 1\r\nContent-Length: 9\r\n\r\n{"a":1.0}`, 'latin1'),
  )
  const answer = await provider.ask(
    requestOf({ headers: ['X-Road-Id', '7', 'x-ODD', '\xe6\xb8\xac'] }),
  )
  expect(answer).toEqual({
    kind: 'answered',
    status: 200,
    headers: ['Content-Type', 'application/json', 'x-Any', '\xe9 1', 'Content-Length', '9'],
    body: Buffer.from('{"a":1.0}'),
  })
  const [head, body] = office.heard[0]!.split('\r\n\r\n')
  expect(head?.split('\r\n')).toEqual([
    'POST /persons?year=113 HTTP/1.1',
    `host: ${office.url.host}`,
    'connection: keep-alive',
    'X-Road-Id: 7',
    'x-ODD: \xe6\xb8\xac',
    'Accept-Encoding: identity',
    'content-length: 8',
  ])
  expect(body).toBe('{"id":1}')
})

test.each([
  ['', '/a/b?c', '/a/b?c'],
  ['/', '/a', '/a'],
  ['/base', '/a', '/base/a'],
  ['/base/', '/a/', '/base/a/'],
  ['/base', '', '/base'],
  ['/base', '?x=1', '/base?x=1'],
  ['', '', '/'],
  ['', '?x=1', '/?x=1'],
  ['/b%20c', '/%E6%B8%AC', '/b%20c/%E6%B8%AC'],
])('base %j and path %j are asked as %s', async (base, pathAndQuery, target) => {
  office = await department(files)
  provider = restProvider(pki, new URL(base, office.url))
  await provider.ask(requestOf({ pathAndQuery }))
  expect(office.heard[0]?.split(' ', 2)[1]).toBe(target)
})

test("a service's own address comes before its subsystem's", async () => {
  office = await department(files)
  const addresses = new Map<ServiceId | SubsystemId, URL>()
  addresses.set(PROVIDER, new URL('/general', office.url))
  addresses.set(SERVICE, new URL('/special', office.url))
  provider = restProvider(pki, office.url, { addresses })
  await provider.ask(requestOf())
  expect(office.heard[0]).toContain('POST /special/persons')
})

test.each(['GET', 'DELETE', 'OPTIONS', 'PUT'])('the body of %s is sent', async (method) => {
  await start()
  expect(await provider.ask(requestOf({ method }))).toMatchObject({ kind: 'answered' })
  expect(office.heard[0]).toMatch(/content-length: 8\r\n\r\n\{"id":1\}$/)
})

test('one request after another uses the connections that are there', async () => {
  await start()
  for (let round = 0; round < 20; round += 1) {
    expect(await provider.ask(requestOf())).toMatchObject({ kind: 'answered' })
  }
  // undici frees a connection one turn of the loop after its answer, so the next request may need another.
  expect(office.sockets.length).toBeLessThanOrEqual(2)
})

test('a redirect is an answer, and is not followed', async () => {
  await start((socket) =>
    socket.write('HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n'),
  )
  expect(await provider.ask(requestOf())).toMatchObject({ kind: 'answered', status: 302 })
  expect(office.heard[0]?.match(/HTTP\/1.1/g)).toHaveLength(1)
})

test('a compressed answer is not unpacked', async () => {
  const packed = gzipSync('{}')
  await start((socket) => {
    socket.write(`${HEAD}Content-Encoding: gzip\r\nContent-Length: ${packed.length}\r\n\r\n`)
    socket.write(packed)
  })
  const answer = await provider.ask(requestOf())
  expect(answer).toMatchObject({ kind: 'answered', body: packed })
  expect(answer.kind === 'answered' && answer.headers).toContain('Content-Encoding')
})

test('chunks make one body, their trailers are ignored, and so is an early hint', async () => {
  await start((socket) =>
    socket.write(
      `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\nX-Person: A300000014\r\n\r\n`,
    ),
  )
  const answer = await provider.ask(requestOf())
  expect(answer).toMatchObject({ kind: 'answered', status: 200, body: Buffer.from('{}') })
  expect(JSON.stringify(answer)).not.toMatch(/X-Person|Link/)
})

test('a body that comes a byte at a time takes no more memory than its bytes', async () => {
  const count = 300_000
  let connection: TLSSocket | undefined
  await start((socket) => {
    connection = socket
    socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n${'1\r\n \r\n'.repeat(count - 1)}`)
  })
  const before = heapInUse()
  const asking = provider.ask(requestOf({ maxResponseBytes: count, deadlineMs: 20_000 }))
  while (connection === undefined || connection.writableLength > 0) await pause(20)
  await pause(200)
  const held = heapInUse() - before
  connection.write('1\r\n \r\n0\r\n\r\n')
  const answer = await asking
  expect(answer.kind === 'answered' && answer.body.length).toBe(count)
  expect(held).toBeLessThan(10_000_000)
})

test.each([204, 304])('a %i is whole without a body', async (status) => {
  await start((socket) => socket.write(`HTTP/1.1 ${status} x\r\n\r\n`))
  expect(await provider.ask(requestOf())).toMatchObject({
    kind: 'answered',
    status,
    body: Buffer.alloc(0),
  })
})

test('HEAD is whole without a body, however long it says that would be', async () => {
  await start((socket) => socket.write(`${HEAD}Content-Length: 999999\r\n\r\n`))
  expect(await provider.ask(requestOf({ method: 'HEAD', body: undefined }))).toMatchObject({
    kind: 'answered',
  })
})

const SILENT: Readonly<Record<string, (socket: TLSSocket) => void>> = {
  silent: () => undefined,
  'stalled in its headers': (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-'),
  'stalled in its body': (socket) => socket.write(`${HEAD}Content-Length: 5\r\n\r\n{`),
  'sending a byte at a time': (socket) => {
    socket.write(`${HEAD}Content-Length: 1000\r\n\r\n`)
    const drops = setInterval(() => socket.write(' '), 20)
    socket.once('close', () => {
      clearInterval(drops)
    })
  },
  'sending headers without end': (socket) => {
    socket.write(HEAD)
    const drops = setInterval(() => socket.write('A: b\r\n'), 20)
    socket.once('close', () => {
      clearInterval(drops)
    })
  },
  'hinting for ever': (socket) => {
    const drops = setInterval(() => socket.write('HTTP/1.1 102 Wait\r\n\r\n'), 20)
    socket.once('close', () => {
      clearInterval(drops)
    })
  },
}

test.each(Object.entries(SILENT))(
  'a provider that is %s is given up at the deadline, and its connection is closed',
  async (_how, speak) => {
    await start(speak)
    const [answer, took] = await timed(provider.ask(requestOf({ deadlineMs: 200 })))
    expect(answer).toEqual({ kind: 'unanswered', why: 'timeout' })
    // A timer counts from when its turn of the loop began.
    expect(took).toBeGreaterThan(100)
    expect(took).toBeLessThan(2000)
    await untilConnections(office.server, 0)
  },
)

const BREAKS: Readonly<Record<string, (socket: TLSSocket) => void>> = {
  'that resets before an answer': () => {
    office.reset()
  },
  'that resets in the middle of its body': (socket) => {
    socket.write(`${HEAD}Content-Length: 50\r\n\r\n{}`, () => {
      setTimeout(() => {
        office.reset()
      }, 20)
    })
  },
  'that closes before an answer': (socket) => socket.end(),
  'that closes in its headers': (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-'),
  'that closes in the middle of its body': (socket) =>
    socket.end(`${HEAD}Content-Length: 50\r\n\r\n{}`),
  'that closes before its last chunk': (socket) =>
    socket.end(`${HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n`),
  'that ends its body by closing, which may be its whole body or not': (socket) =>
    socket.end(`${HEAD}\r\n{}`),
  'whose coding ends with the connection': (socket) =>
    socket.end(`${HEAD}Transfer-Encoding: identity\r\n\r\n{}`),
  'with two lengths': (socket) =>
    socket.write(`${HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} `),
  'with a length and chunks': (socket) =>
    socket.write(
      `${HEAD}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
    ),
  'with a head of 60 KiB': (socket) =>
    socket.write(`${HEAD}A: ${'b'.repeat(61_440)}\r\nContent-Length: 0\r\n\r\n`),
  'that speaks something else': (socket) => socket.write('220 smtp.example ESMTP\r\n'),
  'that upgrades without being asked': (socket) =>
    socket.write('HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
}

test.each(Object.entries(BREAKS))(
  'a provider %s has broken off, and nothing is open',
  async (_how, speak) => {
    await start(speak)
    const [answer, took] = await timed(provider.ask(requestOf({ deadlineMs: 3000 })))
    expect(answer).toEqual({ kind: 'unanswered', why: 'broken' })
    expect(took).toBeLessThan(2500)
    await untilConnections(office.server, 0)
  },
)

test('a broken answer is never asked for a second time, not even a GET', async () => {
  await start((socket) => socket.destroy())
  await provider.ask(requestOf({ method: 'GET', body: undefined }))
  await pause(50)
  expect(office.heard.join('').match(/GET /g)).toHaveLength(1)
})

test('a request on a kept connection that the provider closes is not sent again', async () => {
  let answered = 0
  await start((socket) => {
    answered += 1
    if (answered === 1) answerOk(socket)
    else socket.destroy()
  })
  await provider.ask(requestOf({ method: 'GET', body: undefined }))
  const second = await provider.ask(requestOf({ method: 'GET', body: undefined }))
  expect(second).toEqual({ kind: 'unanswered', why: 'broken' })
  await pause(50)
  expect(office.heard.join('').match(/GET /g)).toHaveLength(2)
})

test('a kept connection that was closed in between is replaced before anything is sent', async () => {
  await start()
  await provider.ask(requestOf())
  office.sockets[0]!.end()
  await untilConnections(office.server, 0)
  expect(await provider.ask(requestOf())).toMatchObject({ kind: 'answered' })
  expect(office.heard.map((text) => text.match(/POST /g)?.length)).toEqual([1, 1])
})

test('bytes that nobody asked for are never taken as the next answer', async () => {
  await start((socket) =>
    socket.write(`${HEAD}Content-Length: 2\r\n\r\n{}${HEAD}Content-Length: 8\r\n\r\n"forged"`),
  )
  expect(await provider.ask(requestOf())).toMatchObject({ body: Buffer.from('{}') })
  await pause(20)
  const second = await provider.ask(requestOf())
  expect(JSON.stringify(second)).not.toContain(Buffer.from('"forged"').toJSON().data.join(','))
})

test.each([
  ['announced', `${HEAD}Content-Length: 10001\r\n\r\n`],
  ['sent in full', `${HEAD}Content-Length: 10001\r\n\r\n${'a'.repeat(10_001)}`],
  [
    'sent in chunks',
    `${HEAD}Transfer-Encoding: chunked\r\n\r\n2711\r\n${'a'.repeat(10_001)}\r\n0\r\n\r\n`,
  ],
])('an answer above the limit (%s) is cut off', async (_how, bytes) => {
  await start((socket) => socket.write(bytes))
  expect(await provider.ask(requestOf())).toEqual({ kind: 'unanswered', why: 'too-large' })
  await untilConnections(office.server, 0)
})

test('an answer of exactly the limit is whole', async () => {
  await start((socket) => socket.write(`${HEAD}Content-Length: 10000\r\n\r\n${'a'.repeat(10_000)}`))
  expect(await provider.ask(requestOf())).toMatchObject({ kind: 'answered' })
})

test('when the consumer leaves, the provider is cut off at once', async () => {
  await start(() => undefined)
  const leaving = new AbortController()
  const asked = provider.ask(requestOf({ signal: leaving.signal, deadlineMs: 10_000 }))
  while (office.heard[0] === undefined || office.heard[0] === '') await pause(2)
  leaving.abort()
  expect(await asked).toEqual({ kind: 'unanswered', why: 'aborted' })
  await untilConnections(office.server, 0)
})

test('for a consumer that has left already, nothing is sent', async () => {
  await start()
  expect(await provider.ask(requestOf({ signal: AbortSignal.abort() }))).toEqual({
    kind: 'not-sent',
    why: 'aborted',
  })
  expect(await connectionsOf(office.server)).toBe(0)
})

test('a consumer that leaves before the connection stands: not a byte of the request is sent', async () => {
  await start()
  const leaving = new AbortController()
  const asked = provider.ask(requestOf({ signal: leaving.signal }))
  leaving.abort()
  expect(await asked).toEqual({ kind: 'not-sent', why: 'aborted' })
  await pause(100)
  expect(office.heard.join('')).toBe('')
})

test('nobody listening at the address: not sent', async () => {
  await start()
  const free = createTcpServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const { port } = free.address() as AddressInfo
  await new Promise((resolve) => {
    free.close(resolve)
  })
  const lost = restProvider(pki, new URL(`https://127.0.0.1:${port}`))
  expect(await lost.ask(requestOf())).toEqual({ kind: 'not-sent', why: 'unreachable' })
  await lost.close()
})

test('no address at all: not sent', async () => {
  await start(answerOk, { addresses: new Map() })
  expect(await provider.ask(requestOf())).toEqual({ kind: 'not-sent', why: 'unreachable' })
})

test('a server that accepts and says nothing holds neither the request nor a place beyond its time', async () => {
  await start()
  const held: Socket[] = []
  const mute = createTcpServer((socket) => held.push(socket)).listen(0, '127.0.0.1')
  await once(mute, 'listening')
  const url = new URL(`https://127.0.0.1:${(mute.address() as AddressInfo).port}`)
  const lost = restProvider(pki, url, { limits: { connections: 2, connectMs: 2500 } })
  const [answers, took] = await timed(
    Promise.all([1, 2, 3].map(() => lost.ask(requestOf({ deadlineMs: 100 })))),
  )
  expect(answers).toEqual(Array(3).fill({ kind: 'not-sent', why: 'unreachable' }))
  expect(took).toBeLessThan(2200)
  // The third found no place, and was told at once; the places come back when connecting has failed.
  expect(held).toHaveLength(2)
  await pause(2700)
  await lost.ask(requestOf({ deadlineMs: 50 }))
  expect(held).toHaveLength(3)
  await lost.close()
  for (const socket of held) socket.destroy()
  await new Promise((resolve) => {
    mute.close(resolve)
  })
})

test('as many requests as connections are under way at one time, and no more', async () => {
  await start(() => undefined, { limits: { connections: 2 } })
  const asked = [1, 2].map(() => provider.ask(requestOf({ deadlineMs: 300 })))
  expect(await provider.ask(requestOf())).toEqual({ kind: 'not-sent', why: 'unreachable' })
  expect(await Promise.all(asked)).toEqual(Array(2).fill({ kind: 'unanswered', why: 'timeout' }))
})

test('closing the adapter ends what is under way', async () => {
  await start(() => undefined)
  const asked = provider.ask(requestOf({ deadlineMs: 10_000 }))
  while (office.heard[0] === undefined || office.heard[0] === '') await pause(2)
  await provider.close()
  expect(await asked).toEqual({ kind: 'unanswered', why: 'broken' })
})

test('a request that can not be written down is a fault of ours, and nothing of it is sent', async () => {
  await start()
  await expect(provider.ask(requestOf({ headers: ['X', 'a\r\nY: b'] }))).rejects.toThrow(/header/)
  expect(office.heard.join('')).toBe('')
  expect(await provider.ask(requestOf())).toMatchObject({ kind: 'answered' })
})
