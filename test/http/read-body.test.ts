/** What a body costs while it comes in, whatever its pieces. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from '@jest/globals'
import { readBody, type BodyRead } from '../../gateway/http/read-body.ts'

const BYTES = 200_000
const LIMIT = 1_048_576

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes of heap and of buffers that are still held. */
function held(): number {
  collectGarbage()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

function expected(): Buffer {
  return Buffer.from(Array.from({ length: BYTES }, (_, place) => 97 + (place % 26)))
}

test('a body in chunks of one byte holds no more than a small multiple of its bytes, and arrives whole', async () => {
  const read = Promise.withResolvers<BodyRead>()
  const socketThere = Promise.withResolvers<Socket>()
  await using server = createServer((request, response) => {
    socketThere.resolve(request.socket)
    readBody(request, response, LIMIT, (body) => {
      response.end()
      read.resolve(body)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const body = expected()
  const head =
    'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n'
  const wire = Buffer.alloc(head.length + BYTES * 6)
  wire.write(head)
  for (let place = 0; place < BYTES; place += 1) {
    wire.write(
      `1\r\n${String.fromCharCode(body[place] ?? 0)}\r\n`,
      head.length + place * 6,
      'latin1',
    )
  }
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  client.resume()
  await once(client, 'connect')
  const before = held()
  client.write(wire)
  const socket = await socketThere.promise
  while (socket.bytesRead < wire.length) await pause(5)
  await pause(20)
  const growth = held() - before
  client.write('0\r\n\r\n')
  const got = await read.promise
  // A chunk kept as it came would be a hundred times its byte and more.
  expect(growth).toBeLessThan(40 * BYTES)
  expect(got.kind === 'read' && got.body?.equals(body)).toBe(true)
})
