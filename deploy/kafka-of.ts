/** The Kafka that a configuration names, each principal with its own proof of who it is. */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { KafkaConnection } from '../adapters/ledger-kafka/connection.ts'
import { kafkaTransport } from '../adapters/ledger-kafka/kafka-transport.ts'
import type { LogTransport } from '../gateway/ports/log-transport.ts'
import type { Instant } from '../policies/vocabulary.ts'
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

export interface RenewableKafka {
  readonly transport: LogTransport
  /**
   * Reads certificates, keys and passwords again; throws where they can't be used. What it returns puts them in force, for connections that
   * come from then on: an open one stays what it was.
   */
  readAgain(now: Instant): () => void
}

export function renewableKafkaOf(settings: ReplicationConfig, gateway: string): RenewableKafka {
  let current = kafkaOf(settings, gateway)
  return {
    transport: {
      partitions: current.partitions,
      check: () => current.check(),
      openSender: () => current.openSender(),
      openReader: (lane) => current.openReader(lane),
    },
    readAgain(now) {
      for (const principal of [settings.writer, settings.reader]) assertUsable(principal, now)
      const next = kafkaOf(settings, gateway)
      return () => {
        current = next
      }
    },
  }
}

function assertUsable({ ca, certificate, key }: Principal, now: Instant): void {
  const file = certificate ?? ca
  if (file === undefined) return
  try {
    const cert = certificate === undefined ? {} : { cert: read(certificate) }
    createSecureContext({
      ...(ca !== undefined && { ca: read(ca) }),
      ...cert,
      ...(key !== undefined && { key: read(key) }),
    })
    const ends = new X509Certificate(read(file)).validToDate
    if (ends.getTime() <= now) throw new Error(`it has run out (${ends.toISOString()})`)
  } catch (cause) {
    const sentence = 'the certificate for Kafka, or what belongs to it, can’t be used'
    throw new Error(`${file}: ${sentence}: ${String(cause)}`, { cause })
  }
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
