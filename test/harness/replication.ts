/** What the tests of replication share: topics of their own on a Kafka, the section of the configuration, and what is stored. */
import { randomUUID } from 'node:crypto'
import { kafkaTransport } from '../../adapters/ledger-kafka/kafka-transport.ts'
import { setUpTopics } from '../../adapters/ledger-kafka/set-up-topics.ts'
import { ledgerTopics } from '../../adapters/ledger-kafka/topics.ts'
import type { ReplicationConfig } from '../../deploy/config/replication.ts'
import type { KafkaRole } from '../../deploy/services/kafka/access.ts'
import { rightsOf } from '../../deploy/services/kafka/init-topics.ts'
import type { Lane, LogTransport, ReadMessage } from '../../gateway/ports/log-transport.ts'
import { decodeCommit } from '../../gateway/replication/message.ts'
import type { TestKafka } from './kafka-broker.ts'

/** New topics under a prefix of their own. */
export async function ledgerOn(kafka: TestKafka, partitions = 1): Promise<string> {
  const prefix = `test-${randomUUID()}`
  const connection = { brokers: kafka.brokers, clientId: 'admin', tls: kafka.access.tls('admin') }
  await setUpTopics(connection, {
    topics: ledgerTopics(prefix, partitions),
    copies: kafka.brokers.length >= 3 ? 3 : 1,
    rights: rightsOf(kafka.access),
  })
  return prefix
}

export function sectionFor(
  kafka: TestKafka,
  prefix: string,
  changes: Partial<ReplicationConfig> = {},
): ReplicationConfig {
  const principal = (role: KafkaRole): ReplicationConfig['writer'] => {
    const { ca, cert, key } = kafka.access.files(role)
    return { ca, certificate: cert, key }
  }
  return {
    durability: 'replicated',
    brokers: [...kafka.brokers] as [string, ...string[]],
    prefix,
    partitions: 1,
    copies: kafka.brokers.length >= 3 ? 3 : 1,
    writer: principal('gateway'),
    reader: principal('read-back'),
    backlog: { records: 100_000, bytes: 100_000_000 },
    readBackMs: 5000,
    ...changes,
  }
}

/** As an auditor reads: everything on a lane, from offset 0. */
export async function storedOn(
  kafka: TestKafka,
  prefix: string,
  topic: Lane['topic'],
): Promise<readonly ReadMessage[]> {
  const auditor = { brokers: kafka.brokers, clientId: 'auditor', tls: kafka.access.tls('auditor') }
  const plan = { prefix, partitions: 1, copies: 1, writer: auditor, reader: auditor }
  return everythingOn(kafkaTransport(plan), { topic, partition: 0 })
}

export async function everythingOn(
  transport: LogTransport,
  lane: Lane,
): Promise<readonly ReadMessage[]> {
  const reader = await transport.openReader(lane)
  const messages: ReadMessage[] = []
  try {
    for (let offset = 0; ;) {
      const part = await reader.read(offset, 0)
      messages.push(...part.messages)
      offset = part.next
      if (offset >= part.high) return messages
    }
  } finally {
    await reader.close()
  }
}

/** Leaves of a chain without a gap, repeats left out; throws where two commits of one place differ. */
export function leavesOf(messages: readonly ReadMessage[], origin: string): number {
  const seen = new Map<number, Buffer>()
  let size = 0
  for (const { key, value } of messages) {
    const commit = key === origin ? decodeCommit(value) : undefined
    if (commit === undefined || value === undefined) continue
    const before = seen.get(commit.first)
    if (before?.equals(value) === false) throw new Error(`${origin} forks at ${commit.first}`)
    seen.set(commit.first, value)
    if (commit.first === size) size += commit.count
  }
  return size
}
