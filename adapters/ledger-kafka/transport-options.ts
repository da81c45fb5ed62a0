import type { KafkaTimes } from './client.ts'
import type { KafkaConnection } from './connection.ts'

/** Where the ledger's topics are, and who writes and reads there. */
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
