/**
 * kafkajs 2.2.4, loaded here and nowhere else: a timer of it is cured, and its checksum replaced before anything in it holds on to that.
 * Node does not find all of these names in its CommonJS text, but on the whole of it.
 */
import { createRequire } from 'node:module'
import type * as Kafkajs from 'kafkajs'
import { crc32c } from './crc32c.ts'
import { cureIdleTimer } from './idle-timer.ts'

const CHECKSUM = 'kafkajs/src/protocol/recordBatch/crc32C/index.js'

const require = createRequire(import.meta.url)
require(CHECKSUM)
const checksum = require.cache[require.resolve(CHECKSUM)]
if (checksum === undefined) throw new Error('this is not the kafkajs that the checksum is for')
checksum.exports = crc32c
cureIdleTimer()

const kafkajs = require('kafkajs') as typeof Kafkajs
export const {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  CompressionTypes,
  ConfigResourceTypes,
  ConfigSource,
  Kafka,
  logLevel,
  ResourcePatternTypes,
} = kafkajs
