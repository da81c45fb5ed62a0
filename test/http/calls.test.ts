import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import type { Call, Reply } from '../../gateway/exchange/call.ts'
import { LedgerUnavailable } from '../../gateway/ledger/entry.ts'
import { makePki, type Pki, type TlsFiles } from '../harness/pki.ts'
import { ask, CONSUMER, listening, OK, PATH, rawClient, type Listening } from './listening.ts'

let pki: Pki
let consumer: TlsFiles
let gate: Listening
let exchange: (call: Call) => Promise<Reply>
const receipts: string[] = []

beforeAll(async () => {
  pki = await makePki()
  consumer = await pki.issueSubsystem(CONSUMER)
  gate = await listening(pki, {
    exchange: (call) => exchange(call),
    receipts: (id, peer) => {
      receipts.push(`${id} ${peer.subsystem}`)
      return Promise.resolve(OK)
    },
  })
})
beforeEach(() => {
  exchange = () => Promise.resolve(OK)
})
afterEach(() => {
  gate.calls.length = 0
  gate.faults.length = 0
  gate.refused.length = 0
})
afterAll(async () => {
  await gate[Symbol.asyncDispose]()
})

function send(head: string, body?: string): Promise<string> {
  return ask(gate.port, consumer, head, body)
}

test('path, query and headers reach the exchange as they were sent', async () => {
  await send(`GET ${PATH}/a%20b/?x=%41&x&=y HTTP/1.1\r\nX-ROAD-client: a/b\r\nx-road-CLIENT: c`)
  const [call] = gate.calls
  expect([call?.method, call?.path, call?.query]).toEqual(['GET', `${PATH}/a%20b/`, 'x=%41&x&=y'])
  expect(call?.headers.slice(0, 4)).toEqual(['X-ROAD-client', 'a/b', 'x-road-CLIENT', 'c'])
})

test('an empty query is not the same as none', async () => {
  await send(`GET ${PATH}? HTTP/1.1`)
  await send(`GET ${PATH} HTTP/1.1`)
  expect(gate.calls.map((call) => call.query)).toEqual(['', undefined])
})

test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'TRACE'])(
  'the body of %s is never dropped',
  async (method) => {
    await send(`${method} ${PATH} HTTP/1.1\r\nContent-Length: 5`, 'hello')
    await send(
      `${method} ${PATH} HTTP/1.1\r\nTransfer-Encoding: chunked`,
      '2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n',
    )
    expect(gate.calls.map((call) => call.body?.toString())).toEqual(['hello', 'hello'])
  },
)

test('an empty body is no body', async () => {
  await send(`POST ${PATH} HTTP/1.1\r\nContent-Length: 0`)
  await send(`POST ${PATH} HTTP/1.1\r\nTransfer-Encoding: chunked`, '0\r\n\r\n')
  expect(gate.calls.map((call) => call.body)).toEqual([undefined, undefined])
})

test('a connection serves one request after another', async () => {
  const client = await rawClient(gate.port, consumer)
  for (const text of ['one', 'two', 'three']) {
    exchange = () => Promise.resolve({ ...OK, body: Buffer.from(text) })
    client.send(`POST ${PATH} HTTP/1.1\r\nHost: gateway\r\nContent-Length: 2\r\n\r\nhi`)
    await client.until(new RegExp(`${text}$`))
  }
  expect(client.received().match(/HTTP\/1.1 200/g)).toHaveLength(3)
  client.socket.destroy()
})

test('pipelined requests are answered in their order, whichever is ready first', async () => {
  const ready: (() => void)[] = []
  exchange = (call) =>
    new Promise((resolve) => {
      ready.push(() => {
        resolve({ ...OK, body: Buffer.from(`[${call.query ?? ''}]`) })
      })
    })
  const client = await rawClient(gate.port, consumer)
  client.send([1, 2, 3].map((n) => `GET ${PATH}?${n} HTTP/1.1\r\nHost: gateway\r\n\r\n`).join(''))
  while (ready.length < 3) await pause(2)
  for (const answer of ready.reverse()) answer()
  const text = await client.until(/\[3\]$/)
  expect(text.match(/\[\d\]/g)).toEqual(['[1]', '[2]', '[3]'])
  client.socket.destroy()
})

test('who asks whether to go on is told so only when its body is wanted', async () => {
  const head = `POST ${PATH} HTTP/1.1\r\nHost: gateway\r\nExpect: 100-continue\r\n`
  const client = await rawClient(gate.port, consumer)
  client.send(`${head}Content-Length: 5\r\n\r\n`)
  await client.until(/^HTTP\/1.1 100 Continue\r\n\r\n$/)
  client.send('hello')
  await client.until(/HTTP\/1.1 200 OK/)
  expect(gate.calls[0]?.body?.toString()).toBe('hello')
  client.socket.destroy()

  const refused = await rawClient(gate.port, consumer)
  refused.send(`${head}Content-Length: 50000000\r\n\r\n`)
  expect(await refused.closed()).toMatch(/^HTTP\/1.1 413 /)
})

test('a reply is one head with a length and one date, and nothing about our software', async () => {
  exchange = () =>
    Promise.resolve({
      ...OK,
      headers: ['Content-Type', 'application/json', 'Date', 'Sun, 22 Nov 2026 00:00:00 GMT'],
    })
  const reply = await send(`GET ${PATH} HTTP/1.1`)
  const head = reply.slice(0, reply.indexOf('\r\n\r\n')).toLowerCase().split('\r\n')
  expect(head).toEqual([
    'http/1.1 200 ok',
    'content-type: application/json',
    'date: sun, 22 nov 2026 00:00:00 gmt',
    'content-length: 2',
    'connection: close',
  ])
})

test.each([204, 304])('a %i has neither a body nor a length', async (status) => {
  exchange = () => Promise.resolve({ status, headers: [], body: Buffer.alloc(0) })
  const reply = await send(`GET ${PATH} HTTP/1.1`)
  expect(reply.toLowerCase()).not.toContain('content-length')
  expect(reply).toMatch(/\r\n\r\n$/)
})

test('HEAD is told the length of what it does not get', async () => {
  const reply = await send(`HEAD ${PATH} HTTP/1.1`)
  expect(reply).toContain('Content-Length: 2')
  expect(reply).toMatch(/\r\n\r\n$/)
})

test.each(['a\r\nSet-Cookie: b', 'a\nb', 'a\0b', '中'])(
  'a header of a reply can not break out of its line (%j): a fault, and nothing of it is sent',
  async (value) => {
    exchange = () => Promise.resolve({ ...OK, headers: ['Exchange-Id', value] })
    const reply = await send(`GET ${PATH} HTTP/1.1`)
    expect(reply).toMatch(/^HTTP\/1.1 500 /)
    expect(reply).not.toContain('Exchange-Id')
    expect(reply).not.toContain('Set-Cookie')
    expect(gate.faults).toHaveLength(1)
  },
)

test('a fault is reported to the operator, and the caller learns nothing of it', async () => {
  exchange = () => Promise.reject(new Error('secret of the house'))
  const reply = await send(`GET ${PATH} HTTP/1.1`)
  expect(reply).toMatch(/^HTTP\/1.1 500 /)
  expect(reply).toContain('X-Road-Error: Server.Internal')
  expect(reply).not.toContain('secret')
  expect(gate.faults).toEqual([new Error('secret of the house')])
})

test('an exchange that throws at once is a fault like any other', async () => {
  exchange = () => {
    throw new Error('at once')
  }
  expect(await send(`GET ${PATH} HTTP/1.1`)).toMatch(/^HTTP\/1.1 500 /)
})

test('a ledger that can not record is told as such', async () => {
  exchange = () => Promise.reject(new LedgerUnavailable('disk full'))
  const reply = await send(`GET ${PATH} HTTP/1.1\r\nAccept: text/xml`)
  expect(reply).toMatch(/^HTTP\/1.1 503 /)
  expect(reply).toContain('X-Road-Error: Server.Ledger.Unavailable')
  expect(reply).toContain('Content-Type: text/xml;charset=utf-8')
})

const ID = '0b6b0f5e-8a5e-4c0e-9a2f-3b1c5d7e9f01'

test('a receipt is asked for by exchange id, in the name of the certificate', async () => {
  expect(await send(`GET /exchange/receipts/${ID} HTTP/1.1`)).toMatch(/^HTTP\/1.1 200 /)
  expect(receipts).toEqual([`${ID} ${CONSUMER}`])
})

test.each([
  ['GET', 'not-an-id', '400'],
  ['GET', '%E0%A4%A', '400'],
  ['GET', `${ID}/more`, '400'],
  ['POST', ID, '405'],
])('%s of the receipt %s is answered %s', async (method, id, status) => {
  const reply = await send(`${method} /exchange/receipts/${id} HTTP/1.1`)
  expect(reply.slice(9, 12)).toBe(status)
  expect(reply).toMatch(/^X-Road-Error: Client/m)
  if (status === '405') expect(reply).toContain('Allow: GET, HEAD')
  expect(receipts).toHaveLength(1)
  expect(gate.faults).toEqual([])
})
