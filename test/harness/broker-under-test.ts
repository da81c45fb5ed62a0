/** One face for the fault broker and for the real Kafka behind a proxy, so that both keep one contract. */
import { Kafka, logLevel, type KafkaConfig } from 'kafkajs'
import { ledgerTopicSettings } from '../../adapters/ledger-kafka/topics.ts'
import { FaultBroker } from './fault-broker/fault-broker.ts'
import type { Script } from './fault-broker/faults.ts'
import { clientOf, sharedKafka } from './kafka-broker.ts'
import { KafkaProxy } from './kafka-proxy.ts'

export interface BrokerUnderTest {
  /** `host:port`, in the clear; whoever comes may do everything. */
  readonly address: string
  /** Done to the next requests. `refuse` and `lie` are for the fault broker only. */
  readonly script: Script
  /** A topic of one partition with the ledger's settings. */
  createTopic(name: string): Promise<void>
  /** The values that are stored, in order. */
  stored(topic: string): Promise<string[]>
  stop(): Promise<void>
}

export async function faultBroker(): Promise<BrokerUnderTest> {
  const broker = await FaultBroker.start()
  return {
    address: broker.address,
    script: broker.script,
    createTopic: async (name) => broker.createTopic(name, { settings: ledgerTopicSettings(1) }),
    stored: async (topic) =>
      broker
        .partition(topic)
        .records()
        .map(({ record }) => record.value?.toString('utf8') ?? ''),
    stop: () => broker.stop(),
  }
}

export async function realBroker(): Promise<BrokerUnderTest> {
  const kafka = await sharedKafka()
  const proxy = await KafkaProxy.start(kafka, 'admin')
  return {
    address: proxy.address,
    script: proxy.script,
    createTopic: async (name) => {
      await withAdmin(clientOf(kafka, 'admin'), async (admin) => {
        const settings = Object.entries(ledgerTopicSettings(1))
        const configEntries = settings.map(([name, value]) => ({ name, value }))
        await admin.createTopics({
          waitForLeaders: true,
          topics: [{ topic: name, numPartitions: 1, replicationFactor: 1, configEntries }],
        })
      })
    },
    stored: (topic) => readAll(clientOf(kafka, 'admin'), topic),
    stop: () => proxy.stop(),
  }
}

/** Every value of partition 0, from the first that is there. */
export async function readAll(
  config: KafkaConfig,
  topic: string,
  groupId = `audit-${topic}`,
): Promise<string[]> {
  const [offsets] = await withAdmin(config, (admin) => admin.fetchTopicOffsets(topic))
  const wanted = Number(offsets?.high) - Number(offsets?.low)
  const consumer = new Kafka(config).consumer({
    groupId,
    maxWaitTimeInMs: 50,
    retry: { retries: 1 },
  })
  const values: string[] = []
  if (wanted === 0) return values
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await new Promise<void>((all, failed) => {
    const eachMessage = async ({
      message,
    }: {
      message: { value: Buffer | null }
    }): Promise<void> => {
      values.push(message.value?.toString('utf8') ?? '')
      if (values.length === wanted) all()
    }
    consumer.run({ autoCommit: false, eachMessage }).catch(failed)
  })
  await consumer.disconnect()
  return values
}

async function withAdmin<Result>(
  config: KafkaConfig,
  work: (admin: ReturnType<Kafka['admin']>) => Promise<Result>,
): Promise<Result> {
  const admin = new Kafka({ ...config, logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.disconnect()
  }
}
