import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { setTimeout as pause } from 'node:timers/promises'
import { Kafka, logLevel, type Producer } from 'kafkajs'
import { checkTopics } from '../../../adapters/ledger-kafka/check-topics.ts'
import { KAFKA_TIMES } from '../../../adapters/ledger-kafka/client.ts'
import { faultWord } from '../../../adapters/ledger-kafka/fault-words.ts'
import { ledgerTopics, ledgerTopicSettings } from '../../../adapters/ledger-kafka/topics.ts'
import { faultBroker } from '../../harness/broker-under-test.ts'
import { FaultBroker } from '../../harness/fault-broker/fault-broker.ts'
import { kafkajsContract } from './contract.ts'

kafkajsContract({ name: 'the fault broker', needs: 'node', isHere: true, open: faultBroker })

describe('what a real broker can’t be made to do', () => {
  const TOPIC = 'ledger.exchange'
  let broker: FaultBroker
  let producer: Producer

  beforeAll(async () => {
    broker = await FaultBroker.start()
    for (const { name } of ledgerTopics('ledger')) {
      broker.createTopic(name, { settings: ledgerTopicSettings(1) })
    }
  })

  afterEach(async () => {
    broker.script.clear()
    await producer.disconnect()
  })

  afterAll(async () => broker.stop())

  async function newProducer(): Promise<Producer> {
    const kafka = new Kafka({
      brokers: [broker.address],
      requestTimeout: 300,
      retry: { retries: 1, initialRetryTime: 20 },
      logLevel: logLevel.NOTHING,
    })
    producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    return producer
  }

  function send(value: string): Promise<unknown> {
    return producer.send({ topic: TOPIC, acks: -1, messages: [{ partition: 0, value }] })
  }

  function stored(): string[] {
    return broker
      .partition(TOPIC)
      .records()
      .map(({ record }) => record.value?.toString() ?? '')
  }

  test('a lie: acknowledged with a plausible offset, and not there', async () => {
    await newProducer()
    await send('lie-before')
    broker.script.add('Produce', { kind: 'lie' })
    const offset = String(broker.partition(TOPIC).high)
    expect(await send('lie')).toEqual([expect.objectContaining({ baseOffset: offset })])
    expect(stored()).not.toContain('lie')
  })

  test('a refusal with any code of the protocol', async () => {
    await newProducer()
    await send('refuse-before')
    broker.script.add('Produce', { kind: 'refuse', code: 10 })
    expect(await wordOf(send('refused'))).toBe('MESSAGE_TOO_LARGE')
    expect(stored()).not.toContain('refused')
  })

  test('a fenced producer is refused, a new one is not', async () => {
    await newProducer()
    await send('fence-before')
    broker.partition(TOPIC).fence(broker.newestProducer, 1)
    expect(await wordOf(send('fenced'))).toBe('INVALID_PRODUCER_EPOCH')
    await producer.disconnect()
    await newProducer()
    await send('fence-after')
    expect(stored()).toContain('fence-after')
    expect(stored()).not.toContain('fenced')
  })

  test('an unclean election: the tail is gone, and the producer is out of order for ever', async () => {
    await newProducer()
    for (const value of ['tail-1', 'tail-2', 'tail-3']) await send(value)
    broker.partition(TOPIC).loseFrom(broker.partition(TOPIC).high - 1)
    expect(stored()).not.toContain('tail-3')
    for (const value of ['tail-4', 'tail-5']) {
      expect(await wordOf(send(value))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    }
  })

  test('a stall holds up what comes behind it, until it ends', async () => {
    await newProducer()
    await send('stall-before')
    const { promise, resolve } = Promise.withResolvers<undefined>()
    broker.script.add('Produce', { kind: 'stall', until: promise })
    const sending = send('stalled')
    await pause(50)
    expect(stored()).not.toContain('stalled')
    resolve(undefined)
    await sending
    expect(stored()).toContain('stalled')
  })

  test('it stops, and starts again at the same address with what it had', async () => {
    await newProducer()
    await send('stop-before')
    const { address } = broker
    await broker.stop()
    expect(await wordOf(send('while it is away'))).toMatch(/^KafkaJS/)
    await broker.start()
    expect(broker.address).toBe(address)
    await producer.disconnect()
    await newProducer()
    await send('stop-after')
    expect(stored()).toEqual(expect.arrayContaining(['stop-before', 'stop-after']))
  })

  test('the gateway’s own check of topics and rights is content with it', async () => {
    await newProducer()
    const connection = { brokers: [broker.address], clientId: 'gateway' }
    const faults = await checkTopics({
      ...{ prefix: 'ledger', partitions: 1, copies: 1, times: KAFKA_TIMES },
      ...{ writer: connection, reader: connection },
    })
    expect(faults).toEqual([])
  })
})

async function wordOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'it went well'
  } catch (fault) {
    return faultWord(fault)
  }
}
