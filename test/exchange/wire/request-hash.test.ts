import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Call } from '../../../gateway/exchange/call.ts'
import { requestHash } from '../../../gateway/exchange/wire/request-hash.ts'
import { makePki, type TlsFiles } from '../../harness/pki.ts'
import { CONSUMER, listening, OK, PATH, rawClient, type Listening } from '../../http/listening.ts'

const REQUEST_ID = '0b6b0f5e-8a5e-4c0e-9a2f-3b1c5d7e9f01'
let gate: Listening
let consumer: TlsFiles

beforeAll(async () => {
  const pki = await makePki()
  consumer = await pki.issueSubsystem(CONSUMER)
  gate = await listening(pki, {
    exchange: (call) => Promise.resolve({ ...OK, headers: hashOf(call) }),
  })
})
afterAll(async () => {
  await gate[Symbol.asyncDispose]()
})

function hashOf(call: Call): string[] {
  const own = call.headers.some((name, at) => at % 2 === 0 && name.toLowerCase() === 'x-road-id')
  return [
    'X-Road-Request-Hash',
    requestHash({
      method: call.method,
      target: call.query === undefined ? call.path : `${call.path}?${call.query}`,
      headers: call.headers,
      requestId: REQUEST_ID,
      generatedId: own ? undefined : 'TW-1',
      body: call.body,
    }),
  ]
}

function sha512(...bytes: readonly (string | Buffer)[]): Buffer {
  return bytes.reduce((hash, each) => hash.update(each), createHash('sha512')).digest()
}

/** What a client computes from the lines it has sent, by the text of the specification. */
function recomputed(kept: readonly string[], body = ''): string {
  const head = sha512(`${kept.join('\r\n')}\r\n`)
  return body === '' ? head.toString('base64') : sha512(head, sha512(body)).toString('base64')
}

async function hashedByTheGateway(
  lines: readonly string[],
  body = '',
): Promise<string | undefined> {
  const client = await rawClient(gate.port, consumer)
  client.send(`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n${body}`)
  return /^X-Road-Request-Hash: (.*)\r$/m.exec(await client.closed())?.[1]
}

test('a client recomputes the hash from what it sent and what came back', async () => {
  const sent = [
    'GET ' + PATH + '/a%20b?x=1&y= HTTP/1.1',
    'Host: gateway',
    'X-Road-Client: a',
    'aCCept:  b/c ',
    'X-Road-Id: 7',
  ]
  const kept = [
    'GET',
    `${PATH}/a%20b?x=1&y=`,
    'X-Road-Client:a',
    'aCCept:b/c',
    'X-Road-Id:7',
    `x-road-request-id:${REQUEST_ID}`,
  ]
  expect(await hashedByTheGateway(sent)).toBe(recomputed(kept))
})

test('with a body the hash covers it, and an id that the gateway made stands last', async () => {
  const sent = [
    'POST ' + PATH + ' HTTP/1.1',
    'X-Road-Client: a',
    'Host: gateway',
    'Content-Length: 5',
    'Custom: é',
    'Custom: 2',
  ]
  const kept = [
    'POST',
    PATH,
    'X-Road-Client:a',
    'Custom:é',
    'Custom:2',
    `x-road-request-id:${REQUEST_ID}`,
    'x-road-id:TW-1',
  ]
  expect(await hashedByTheGateway(sent, 'hello')).toBe(recomputed(kept, 'hello'))
})

test("hop-by-hop headers and the gateway's own are not part of it", () => {
  const base = { method: 'GET', target: PATH, requestId: REQUEST_ID }
  const dropped = [
    ...['Connection', 'Keep-Alive', 'Proxy-Authenticate', 'Proxy-Authorization', 'TE', 'Trailer'],
    ...['Transfer-Encoding', 'Upgrade', 'Host', 'User-Agent', 'Server', 'Expect', 'Content-Length'],
    ...['X-Road-Request-Id', 'X-Road-Request-Hash'],
  ].flatMap((name) => [name, 'v'])
  expect(requestHash({ ...base, headers: dropped })).toBe(requestHash({ ...base, headers: [] }))
  expect(requestHash({ ...base, headers: ['Cookie', 'v'] })).not.toBe(
    requestHash({ ...base, headers: [] }),
  )
})

test('order, spelling, request id and body each make another hash; an empty body is none', () => {
  const base = { method: 'GET', target: PATH, requestId: REQUEST_ID, headers: ['A', '1', 'B', '2'] }
  const hashes = [
    base,
    { ...base, headers: ['B', '2', 'A', '1'] },
    { ...base, headers: ['a', '1', 'B', '2'] },
    { ...base, requestId: REQUEST_ID.replace('0', '1') },
    { ...base, body: Buffer.from('x') },
    { ...base, method: 'PUT' },
    { ...base, target: `${PATH}?` },
  ].map(requestHash)
  expect(new Set(hashes).size).toBe(hashes.length)
  expect(requestHash({ ...base, body: Buffer.alloc(0) })).toBe(requestHash(base))
})
