/** The ledger's topics and what must be set on each: without these an acknowledged record can be gone. */

export interface LedgerTopic {
  readonly name: string
  readonly partitions: number
}

/** One for each kind of chain, and one for published checkpoints with their cosignatures. */
export function ledgerTopics(prefix: string, exchangePartitions = 1): LedgerTopic[] {
  return [
    { name: `${prefix}.registry`, partitions: 1 },
    { name: `${prefix}.consent`, partitions: 1 },
    { name: `${prefix}.exchange`, partitions: exchangePartitions },
    { name: `${prefix}.checkpoints`, partitions: 1 },
  ]
}

/** A batch of the ledger is one record batch, whole or not at all. */
const LARGEST_BATCH = 32 * 1024 * 1024

/** By Kafka's names. `copies`: replication factor; below three a record stands on one disk only (development). */
export function ledgerTopicSettings(copies: number): Readonly<Record<string, string>> {
  return {
    'cleanup.policy': 'delete',
    // Whatever somebody else with the right to write sends: kafkajs reads nothing but gzip, and would stand still before it.
    'compression.type': 'uncompressed',
    'max.message.bytes': String(LARGEST_BATCH),
    'message.timestamp.type': 'LogAppendTime',
    'min.insync.replicas': String(copies >= 3 ? 2 : 1),
    'retention.bytes': '-1',
    'retention.ms': '-1',
    'unclean.leader.election.enable': 'false',
  }
}

export function topicName(prefix: string, topic: string): string {
  return `${prefix}.${topic}`
}
