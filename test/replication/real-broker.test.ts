/** The adapter on a real Kafka: rights, settings, both proofs of who one is, deleted records, and nothing done while idle. */
import { beforeAll, expect } from '@jest/globals'
import { setTimeout as pause } from 'node:timers/promises'
import { zstdCompressSync } from 'node:zlib'
import kafkajs, { Kafka } from 'kafkajs'
import { kafkaTransport } from '../../adapters/ledger-kafka/kafka-transport.ts'
import type { KafkaTransportOptions } from '../../adapters/ledger-kafka/transport-options.ts'
import { ledgerTopicSettings } from '../../adapters/ledger-kafka/topics.ts'
import { freePorts } from '../../deploy/services/free-ports.ts'
import { LogUnavailable, type Lane, type LogTransport } from '../../gateway/ports/log-transport.ts'
import { isHere, testNeeding } from '../house/needs.ts'
import {
  clientOf,
  connectionOf,
  deleteRecords,
  scramConnectionOf,
  sharedKafka,
  type TestKafka,
} from '../harness/kafka-broker.ts'
import { everythingOn, ledgerOn } from '../harness/replication.ts'

const promise = testNeeding('kafka')
const LANE: Lane = { topic: 'exchange', partition: 0 }
let kafka: TestKafka
let prefix: string

beforeAll(async () => {
  if (!isHere('kafka')) return
  kafka = await sharedKafka()
  prefix = await ledgerOn(kafka)
}, 90_000)

promise('topics as gongdao kafka init makes them are good', async () => {
  expect(await transport().check()).toEqual([])
})

const WRONG = [
  ['cleanup.policy', 'compact', 'delete'],
  ['retention.ms', '604800000', '-1'],
  ['retention.bytes', '1000000', '-1'],
  ['unclean.leader.election.enable', 'true', 'false'],
  ['message.timestamp.type', 'CreateTime', 'LogAppendTime'],
  ['max.message.bytes', '1000000', 'at least 1048588'],
  ['compression.type', 'producer', 'uncompressed or gzip'],
] as const

promise(
  'each setting under which an acknowledged record could be gone is named, with what it must be',
  async () => {
    const own = await ledgerOn(kafka)
    await set(`${own}.exchange`, Object.fromEntries(WRONG.map(([name, value]) => [name, value])))
    const faults = await transport({ prefix: own }).check()
    expect(faults).toHaveLength(WRONG.length)
    for (const [name, value, due] of WRONG) {
      expect(faults).toContainEqual(
        `topic ${own}.exchange: ${name} is ${value} and must be ${due}; gongdao kafka init sets it`,
      )
    }
  },
)

promise('another number of partitions or copies is named, since chains would move', async () => {
  const faults = (await transport({ partitions: 4, copies: 3 }).check()).join('\n')
  expect(faults).toMatch(/has 1 partitions and the configuration says 4/)
  expect(faults).toMatch(/exchange stands in 1 copies, not in 3/)
  expect(faults).toMatch(/min\.insync\.replicas is 1 and must be at least 2/)
})

promise('who may not write, or not read, is told which right is missing', async () => {
  const writer = await transport({ writer: connectionOf(kafka, 'stranger') }).check()
  expect(writer).toHaveLength(3)
  expect(writer[0]).toMatch(/the writing principal needs WRITE and DESCRIBE_CONFIGS/)
  const reader = await transport({ reader: connectionOf(kafka, 'stranger') }).check()
  expect(reader).toHaveLength(3)
  expect(reader[0]).toMatch(/AUTHORIZATION_FAILED; the reading principal needs READ/)
  const wrong = { username: 'gateway', password: 'guessed' }
  const guessed = { ...scramConnectionOf(kafka, 'gateway'), password: wrong }
  expect((await transport({ writer: guessed }).check())[0]).toMatch(/refuse the writing principal/)
})

promise(
  'certificates and passwords both serve; what is written by one is read by the other',
  async () => {
    const own = await ledgerOn(kafka)
    const value = Buffer.from([0, 255, 1])
    const byPassword = transport({
      prefix: own,
      writer: scramConnectionOf(kafka, 'gateway'),
      reader: scramConnectionOf(kafka, 'read-back'),
    })
    await send(byPassword, value)
    expect(await everythingOn(transport({ prefix: own }), LANE)).toEqual([
      { offset: 0, key: 'chain', value },
    ])
  },
)

promise('a second send while one is under way is a fault of ours, and is not sent', async () => {
  const own = await ledgerOn(kafka)
  const sender = await transport({ prefix: own }).openSender()
  const message = { key: 'chain', value: Buffer.from('one') }
  const first = sender.send(LANE, [message])
  await expect(sender.send(LANE, [{ ...message, value: Buffer.from('two') }])).rejects.toThrow(
    'this sender is sending',
  )
  await first
  await sender.close()
  await expect(sender.send(LANE, [message])).rejects.toThrow('this sender is spent')
  expect(await everythingOn(transport({ prefix: own }), LANE)).toHaveLength(1)
})

promise(
  'what was deleted is told by where reading goes on, and an offset that never was by the end',
  async () => {
    const own = await ledgerOn(kafka)
    const log = transport({ prefix: own })
    await send(log, ...['a', 'b', 'c', 'd'].map((text) => Buffer.from(text)))
    const reader = await log.openReader(LANE)
    expect(await reader.read(1, 0)).toMatchObject({ next: 4, low: 0, high: 4 })
    await deleteRecords(kafka, `${own}.exchange`, { partition: 0, offset: '2' })
    expect(await reader.read(0, 0)).toEqual({ messages: [], next: 2, low: 2, high: 4 })
    expect((await reader.read(2, 0)).messages.map(({ offset }) => offset)).toEqual([2, 3])
    expect(await reader.read(9, 0)).toEqual({ messages: [], next: 9, low: 2, high: 4 })
    await reader.close()
    await expect(reader.read(2, 0)).rejects.toThrow(LogUnavailable)
  },
)

promise('who compresses what kafkajs can not read does not stop whoever reads', async () => {
  const own = await ledgerOn(kafka)
  const producer = new Kafka(clientOf(kafka, 'gateway')).producer()
  const { CompressionCodecs, CompressionTypes } = kafkajs
  const none = CompressionCodecs[CompressionTypes.ZSTD]
  const topic = `${own}.exchange`
  const message = { key: 'chain', value: 'theirs', partition: 0 }
  await producer.connect()
  try {
    const compress = ({ buffer }: { readonly buffer: Buffer }): Promise<Buffer> =>
      Promise.resolve(zstdCompressSync(buffer))
    CompressionCodecs[CompressionTypes.ZSTD] = () => ({ compress })
    await producer.send({ topic, compression: CompressionTypes.ZSTD, messages: [message] })
  } finally {
    CompressionCodecs[CompressionTypes.ZSTD] = none
    await producer.disconnect()
  }
  const stored = await everythingOn(transport({ prefix: own }), LANE)
  expect(stored.map(({ value }) => String(value))).toEqual(['theirs'])
})

promise('a server that is not there costs seconds, and says so in our words', async () => {
  const [port = 0] = await freePorts(1)
  const nowhere = { ...connectionOf(kafka, 'gateway'), brokers: [`127.0.0.1:${String(port)}`] }
  const began = performance.now()
  const log = transport({ writer: nowhere, reader: nowhere })
  for (const ask of [log.check, log.openSender, () => log.openReader(LANE)]) {
    await expect(ask()).rejects.toThrow(/KafkaJSConnectionError$/)
  }
  expect(performance.now() - began).toBeLessThan(8000)
})

promise(
  'an idle sender and an idle reader set no timers (kafkajs would set 900 to 1,700 a second)',
  async () => {
    const log = transport()
    const sender = await log.openSender()
    const reader = await log.openReader(LANE)
    await sender.send({ topic: 'registry', partition: 0 }, [{ key: 'k', value: Buffer.from('v') }])
    const original = globalThis.setTimeout
    let timers = 0
    globalThis.setTimeout = ((...args: Parameters<typeof setTimeout>) => {
      timers += 1
      return original(...args)
    }) as typeof setTimeout
    try {
      await pause(1000)
    } finally {
      globalThis.setTimeout = original
    }
    await sender.close()
    await reader.close()
    expect(timers).toBeLessThan(10)
  },
)

function transport(changes: Partial<KafkaTransportOptions> = {}): LogTransport {
  return kafkaTransport({
    prefix,
    partitions: 1,
    copies: 1,
    writer: connectionOf(kafka, 'gateway'),
    reader: connectionOf(kafka, 'read-back'),
    ...changes,
  })
}

async function send(log: LogTransport, ...values: readonly Buffer[]): Promise<void> {
  const sender = await log.openSender()
  await sender.send(
    LANE,
    values.map((value) => ({ key: 'chain', value })),
  )
  await sender.close()
}

async function set(topic: string, settings: Readonly<Record<string, string>>): Promise<void> {
  const admin = new Kafka(clientOf(kafka, 'admin')).admin()
  await admin.connect()
  const all = Object.entries({ ...ledgerTopicSettings(1), ...settings })
  const configEntries = all.map(([name, value]) => ({ name, value }))
  const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configEntries }
  await admin.alterConfigs({ validateOnly: false, resources: [resource] })
  await admin.disconnect()
}
