/**
 * Reads one partition from an offset on, without a consumer group: nothing is rebalanced, nothing is committed, and no right on
 * groups is needed. kafkajs has this inside only (its consumer always joins a group), so it is reached through its own cluster.
 */
import type { Kafka } from 'kafkajs'
import { LogUnavailable } from '../../gateway/ports/log-transport.ts'
import type { Lane, LogReader, ReadMessage, ReadPart } from '../../gateway/ports/log-transport.ts'
import { KafkaClient } from './client.ts'
import type { KafkaTimes } from './client.ts'
import type { KafkaConnection } from './connection.ts'
import { faultWord } from './fault-words.ts'
import { topicName } from './topics.ts'

export interface KafkaReaderOptions {
  readonly reader: KafkaConnection
  readonly prefix: string
  /** Of the topic `exchange`; the others have one. */
  readonly partitions: number
  readonly times: KafkaTimes
}

interface Broker {
  fetch(request: object): Promise<{ readonly responses: readonly FetchedTopic[] }>
}

interface FetchedTopic {
  readonly partitions: readonly {
    readonly highWatermark: string
    /** As kafkajs spells the log's start offset. */
    readonly lastStartOffset: string
    readonly messages: readonly Fetched[]
  }[]
}

interface Fetched {
  readonly offset: string
  readonly key: Buffer | null
  readonly value: Buffer | null
}

interface Cluster {
  connect(): Promise<void>
  addTargetTopic(topic: string): Promise<void>
  findTopicPartitionMetadata(topic: string): readonly object[]
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Record<string, number[]>
  findBroker(where: { readonly nodeId: string }): Promise<Broker>
  fetchTopicsOffset(topics: readonly object[]): Promise<readonly TopicOffsets[]>
}

interface TopicOffsets {
  readonly partitions: readonly { readonly offset: string }[]
}

type CreateCluster = (options: object) => Cluster

const MOST_BYTES = 4 * 1024 * 1024
const READ_UNCOMMITTED = 0

export class OtherPartitions extends LogUnavailable {
  constructor(topic: string, there: number, told: number) {
    super(
      `topic ${topic} has ${there} partitions and the configuration says ${told}: write the real number`,
    )
  }
}

export async function openReader(options: KafkaReaderOptions, lane: Lane): Promise<LogReader> {
  const client = new KafkaClient(options.reader, options.times)
  const topic = topicName(options.prefix, lane.topic)
  try {
    const partitions = lane.topic === 'exchange' ? options.partitions : 1
    const found = await client.within(leaderOf(client.kafka, { ...lane, topic }, partitions))
    return new KafkaReader({ client, topic, partition: lane.partition, ...found })
  } catch (fault) {
    client.cut()
    throw unavailable(fault)
  }
}

async function leaderOf(
  kafka: Kafka,
  { partition, topic }: { readonly topic: string; readonly partition: number },
  partitions: number,
): Promise<{ readonly cluster: Cluster; readonly broker: Broker }> {
  const cluster = clusterOf(kafka)
  await cluster.connect()
  await cluster.addTargetTopic(topic)
  const there = cluster.findTopicPartitionMetadata(topic).length
  // Whoever reads fewer than there are sees less than was written.
  if (there !== partitions) throw new OtherPartitions(topic, there, partitions)
  const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]))
  if (nodeId === undefined) throw new LogUnavailable('a partition has no leader')
  return { cluster, broker: await cluster.findBroker({ nodeId }) }
}

function clusterOf(kafka: Kafka): Cluster {
  const name = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === 'private:Kafka:createCluster',
  )
  if (name === undefined) throw new Error('this is not the kafkajs that the reader was made for')
  const create = (kafka as unknown as Record<symbol, CreateCluster>)[name]
  if (create === undefined) throw new Error('this is not the kafkajs that the reader was made for')
  return create({ metadataMaxAge: 300_000, allowAutoTopicCreation: false })
}

interface Parts {
  readonly client: KafkaClient
  readonly cluster: Cluster
  readonly broker: Broker
  readonly topic: string
  readonly partition: number
}

class KafkaReader implements LogReader {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async read(offset: number, waitMs: number): Promise<ReadPart> {
    try {
      return await this.#parts.client.within(this.#fetch(offset, waitMs), waitMs)
    } catch (fault) {
      if (faultWord(fault) !== 'OFFSET_OUT_OF_RANGE') throw unavailable(fault)
    }
    try {
      const ends = Promise.all([this.#end(true), this.#end(false)])
      const [low, high] = await this.#parts.client.within(ends)
      return { messages: [], next: Math.max(offset, low), low, high }
    } catch (fault) {
      throw unavailable(fault)
    }
  }

  async #fetch(offset: number, waitMs: number): Promise<ReadPart> {
    const { broker, partition, topic } = this.#parts
    const partitions = [{ partition, fetchOffset: String(offset), maxBytes: MOST_BYTES }]
    const { responses } = await broker.fetch({
      replicaId: -1,
      isolationLevel: READ_UNCOMMITTED,
      maxWaitTime: waitMs,
      minBytes: 1,
      maxBytes: MOST_BYTES,
      topics: [{ topic, partitions }],
    })
    const fetched = responses[0]?.partitions[0]
    if (fetched === undefined)
      throw new LogUnavailable('a fetch was answered without its partition')
    // A batch is given whole, also from its middle on.
    const messages = fetched.messages.map(messageOf).filter((message) => message.offset >= offset)
    const next = (messages.at(-1)?.offset ?? offset - 1) + 1
    const high = Math.max(next, Number(fetched.highWatermark))
    return { messages, next, low: Number(fetched.lastStartOffset), high }
  }

  async #end(fromBeginning: boolean): Promise<number> {
    const { cluster, partition, topic } = this.#parts
    const asked = { topic, partitions: [{ partition }], fromBeginning }
    const [found] = await cluster.fetchTopicsOffset([asked])
    return Number(found?.partitions[0]?.offset)
  }

  close(): Promise<void> {
    this.#parts.client.cut()
    return Promise.resolve()
  }
}

function messageOf({ key, offset, value }: Fetched): ReadMessage {
  return { offset: Number(offset), key: key?.toString(), value: value ?? undefined }
}

function unavailable(fault: unknown): LogUnavailable {
  return fault instanceof LogUnavailable
    ? fault
    : new LogUnavailable(`reading failed: ${faultWord(fault)}`)
}
