/** Apache Kafka as the log server of `gateway/ports/log-transport.ts`, by kafkajs 2.2.4. */
import type { LogTransport } from '../../gateway/ports/log-transport.ts'
import { checkTopics } from './check-topics.ts'
import { KAFKA_TIMES, type KafkaTimes } from './client.ts'
import type { KafkaConnection } from './connection.ts'
import { openReader } from './reader.ts'
import { openSender } from './sender.ts'

export interface KafkaTransportOptions {
  /** Topics are `<prefix>.registry`, `<prefix>.exchange`, `<prefix>.checkpoints`. */
  readonly prefix: string
  /** Of the topic `exchange`. */
  readonly partitions: number
  /** Replication factor that every topic must have at least. */
  readonly copies: number
  /** May write and read settings, no more. */
  readonly writer: KafkaConnection
  /** May read, no more. */
  readonly reader: KafkaConnection
  readonly times: KafkaTimes
}

export function kafkaTransport(
  options: Omit<KafkaTransportOptions, 'times'> & { readonly times?: KafkaTimes },
): LogTransport {
  const whole = { ...options, times: options.times ?? KAFKA_TIMES }
  return {
    partitions: whole.partitions,
    check: () => checkTopics(whole),
    openSender: () => openSender(whole),
    openReader: (lane) => openReader(whole, lane),
  }
}
