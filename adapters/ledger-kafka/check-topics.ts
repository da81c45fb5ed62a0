/** Are topics and rights as an acknowledgement needs them? Asked at start; a sentence for each thing that is not, with what to do. */
import type { Admin } from 'kafkajs'
import { LogUnavailable } from '../../gateway/ports/log-transport.ts'
import type { Lane } from '../../gateway/ports/log-transport.ts'
import { KafkaClient, ONE_RETRY } from './client.ts'
import { faultWord, isRefusal } from './fault-words.ts'
import { ConfigResourceTypes } from './kafkajs.ts'
import type { KafkaTransportOptions } from './transport-options.ts'
import { openReader, OtherPartitions } from './reader.ts'
import { topicName } from './topics.ts'

/** The largest commit is one message (`LARGEST_FRAME` of the journal, and its wrapping). */
const LEAST_MESSAGE_BYTES = 1_048_588

interface Wanted {
  readonly setting: string
  readonly fits: (value: string) => boolean
  readonly words: string
}

export async function checkTopics(options: KafkaTransportOptions): Promise<readonly string[]> {
  const client = new KafkaClient(options.writer, options.times)
  const admin = client.kafka.admin({ retry: ONE_RETRY })
  try {
    await client.within(admin.connect())
    const faults: string[] = []
    for (const topic of ['registry', 'exchange', 'checkpoints'] as const) {
      const partitions = topic === 'exchange' ? options.partitions : 1
      faults.push(
        ...(await topicFaults(admin, topicName(options.prefix, topic), { ...options, partitions })),
      )
    }
    return [...faults, ...(await readingFaults(options))]
  } catch (fault) {
    const word = faultWord(fault)
    if (!isRefusal(word)) throw new LogUnavailable(`the topics can't be asked after: ${word}`)
    return [
      `the log servers refuse the writing principal (${word}); look at its certificate or password`,
    ]
  } finally {
    await admin.disconnect().catch(() => undefined)
    client.cut()
  }
}

async function topicFaults(
  admin: Admin,
  topic: string,
  wanted: KafkaTransportOptions,
): Promise<readonly string[]> {
  try {
    return [
      ...(await shapeFaults(admin, topic, wanted)),
      ...(await settingFaults(admin, topic, wanted)),
    ]
  } catch (fault) {
    const word = faultWord(fault)
    if (word === 'UNKNOWN_TOPIC_OR_PARTITION') {
      return [`topic ${topic} does not exist; make it with gongdao kafka init`]
    }
    if (!isRefusal(word)) throw fault
    return [
      `topic ${topic}: ${word}; the writing principal needs WRITE and DESCRIBE_CONFIGS, as gongdao kafka init gives them`,
    ]
  }
}

async function shapeFaults(
  admin: Admin,
  topic: string,
  wanted: KafkaTransportOptions,
): Promise<readonly string[]> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  const partitions = topics[0]?.partitions ?? []
  const copies = Math.min(...partitions.map(({ replicas }) => replicas.length))
  const faults: string[] = []
  if (partitions.length !== wanted.partitions) {
    faults.push(
      `topic ${topic} has ${partitions.length} partitions and the configuration says ${wanted.partitions}: ` +
        'a chain keeps its partition for ever, so write the real number, or use another prefix',
    )
  }
  if (copies < wanted.copies) {
    faults.push(
      `topic ${topic} stands in ${copies} copies, not in ${wanted.copies}; move it with kafka-reassign-partitions, ` +
        'or write the real number if you accept it',
    )
  }
  return faults
}

async function settingFaults(
  admin: Admin,
  topic: string,
  { copies }: KafkaTransportOptions,
): Promise<readonly string[]> {
  const type = ConfigResourceTypes.TOPIC
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type, name: topic }],
  })
  const entries = resources.flatMap(({ configEntries }) => configEntries)
  const found = new Map(entries.map(({ configName, configValue }) => [configName, configValue]))
  return wantedSettings(copies)
    .filter(({ fits, setting }) => !fits(found.get(setting) ?? ''))
    .map(({ setting, words }) => {
      const value = found.get(setting) ?? 'not told'
      return `topic ${topic}: ${setting} is ${value} and must be ${words}; gongdao kafka init sets it`
    })
}

function wantedSettings(copies: number): readonly Wanted[] {
  const insync = copies >= 3 ? 2 : 1
  return [
    exactly('cleanup.policy', 'delete'),
    exactly('retention.ms', '-1'),
    exactly('retention.bytes', '-1'),
    exactly('unclean.leader.election.enable', 'false'),
    exactly('message.timestamp.type', 'LogAppendTime'),
    atLeast('min.insync.replicas', insync),
    atLeast('max.message.bytes', LEAST_MESSAGE_BYTES),
    {
      setting: 'compression.type',
      fits: (value) => ['uncompressed', 'gzip'].includes(value),
      words: 'uncompressed or gzip',
    },
  ]
}

function exactly(setting: string, value: string): Wanted {
  return { setting, fits: (found) => found === value, words: value }
}

function atLeast(setting: string, least: number): Wanted {
  return { setting, fits: (found) => Number(found) >= least, words: `at least ${least}` }
}

/** By reading: what the reading principal may is not told otherwise. */
async function readingFaults(options: KafkaTransportOptions): Promise<readonly string[]> {
  const faults: string[] = []
  for (const topic of ['registry', 'exchange', 'checkpoints'] as const) {
    const lane: Lane = { topic, partition: 0 }
    try {
      const reader = await openReader(options, lane)
      await reader.read(0, 0).finally(() => reader.close())
    } catch (fault) {
      // Told with the topic's shape.
      if (fault instanceof OtherPartitions) continue
      const word = String(fault instanceof Error ? fault.message : fault).replace(/^.*: /, '')
      if (!isRefusal(word)) throw fault
      faults.push(
        `topic ${topicName(options.prefix, topic)}: ${word}; the reading principal needs READ, as gongdao kafka init gives it`,
      )
    }
  }
  return faults
}
