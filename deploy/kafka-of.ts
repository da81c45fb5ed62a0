/** The Kafka that a configuration names, each principal with its own proof of who it is. */
import { readFileSync } from 'node:fs'
import type { KafkaConnection } from '../adapters/ledger-kafka/connection.ts'
import { kafkaTransport } from '../adapters/ledger-kafka/kafka-transport.ts'
import type { LogTransport } from '../gateway/ports/log-transport.ts'
import type { Principal, ReplicationConfig } from './config/replication.ts'

export function kafkaOf(settings: ReplicationConfig, gateway: string): LogTransport {
  const { copies, partitions, prefix } = settings
  return kafkaTransport({
    prefix,
    partitions,
    copies,
    writer: connectionOf(settings.writer, settings.brokers, `${gateway} writing`),
    reader: connectionOf(settings.reader, settings.brokers, `${gateway} reading`),
  })
}

function connectionOf(
  principal: Principal,
  brokers: readonly string[],
  clientId: string,
): KafkaConnection {
  const { ca, certificate, key, passwordFile, username } = principal
  const identity = certificate !== undefined && key !== undefined
  return {
    brokers: principal.brokers ?? brokers,
    clientId,
    ...(ca !== undefined && {
      tls: { ca: [read(ca)], ...(identity && { cert: read(certificate), key: read(key) }) },
    }),
    ...(username !== undefined &&
      passwordFile !== undefined && {
        password: { username, password: read(passwordFile).trimEnd() },
      }),
  }
}

function read(file: string): string {
  return readFileSync(file, 'utf8')
}
