/** The checksum of a batch: a wrong one would be refused by the broker, and a slow one pays for every exchange. */
import { createRequire } from 'node:module'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { crc32c } from '../../../adapters/ledger-kafka/crc32c.ts'
import { Kafka } from '../../../adapters/ledger-kafka/kafkajs.ts'

const FOLDER = 'kafkajs/src/protocol/recordBatch/crc32C'
const require = createRequire(import.meta.url)
const byteByByte = require(`${FOLDER}/crc32C.js`) as (bytes: Uint8Array) => number

// RFC 3720, appendix B.4.
test.each([
  ['zeros', Buffer.alloc(32), 0x8a9136aa],
  ['ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
  ['rising', Buffer.from(Array.from({ length: 32 }, (_, at) => at)), 0x46dd794e],
  ['falling', Buffer.from(Array.from({ length: 32 }, (_, at) => 31 - at)), 0x113fdb5c],
  ['text', Buffer.from('123456789'), 0xe3069283],
])('%s', (_name, bytes, expected) => {
  expect(crc32c(bytes)).toBe(expected)
})

test('of any bytes it is that of kafkajs', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(crc32c(bytes)).toBe(byteByByte(bytes))
    }),
  )
})

test('the kafkajs that we load uses it', () => {
  expect(Kafka).toBeInstanceOf(Function)
  expect(require(`${FOLDER}/index.js`)).toBe(crc32c)
})
