/** The Kafka that a configuration names, each principal with its own proof of who it is. */
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { KafkaConnection } from '../adapters/ledger-kafka/connection.ts'
import { kafkaTransport } from '../adapters/ledger-kafka/kafka-transport.ts'
import type { LogTransport } from '../gateway/ports/log-transport.ts'
import type { Instant } from '../policies/vocabulary.ts'
import type { Principal, ReplicationConfig } from './config/replication.ts'
import { pemCertificates } from './pem-certificates.ts'

export function kafkaOf(settings: ReplicationConfig, gateway: string): LogTransport {
  return transportOf(settings, connectionsOf(settings, gateway))
}

export interface RenewableKafka {
  readonly transport: LogTransport
  /**
   * Reads certificates, keys and passwords again; throws where they can't be used. What it returns puts them in force, for senders and
   * readers that are opened from then on: an open one stays what it was, and another takes its place when it fails.
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
      const connections = connectionsOf(settings, gateway)
      assertUsable(settings.writer, connections.writer, now)
      assertUsable(settings.reader, connections.reader, now)
      const next = transportOf(settings, connections)
      return () => {
        current = next
      }
    },
  }
}

interface Connections {
  readonly writer: KafkaConnection
  readonly reader: KafkaConnection
}

function connectionsOf(
  { brokers, reader, writer }: ReplicationConfig,
  gateway: string,
): Connections {
  return {
    writer: connectionOf(writer, brokers, `${gateway} writing`),
    reader: connectionOf(reader, brokers, `${gateway} reading`),
  }
}

function transportOf(settings: ReplicationConfig, connections: Connections): LogTransport {
  const { copies, partitions, prefix } = settings
  return kafkaTransport({ prefix, partitions, copies, ...connections })
}

/** Throws, naming the file: Node itself takes authorities that are none, and says so to nobody. */
function assertUsable(files: Principal, { password, tls }: KafkaConnection, now: Instant): void {
  if (password?.password === '') throw new Error(`${files.passwordFile ?? ''}: it is empty`)
  if (tls === undefined) return
  const { ca, cert, key } = tls
  within(files.ca, () => {
    // One of several at the least: while authorities change, the old and the new one stand there.
    if (!isAnyInForce(ca, now)) throw new Error('no authority in it is in force')
  })
  if (cert === undefined || key === undefined) return
  within(files.certificate, () => {
    createSecureContext({ ca: [...ca], cert, key })
    if (!isAnyInForce([cert], now)) throw new Error('it is not in force yet, or has run out')
  })
}

function isAnyInForce(texts: readonly string[], now: Instant): boolean {
  return texts
    .flatMap(pemCertificates)
    .some(
      ({ validFromDate, validToDate }) =>
        validFromDate.getTime() <= now && now <= validToDate.getTime(),
    )
}

function within(file: string | undefined, check: () => void): void {
  try {
    check()
  } catch (cause) {
    const sentence = 'what proves to Kafka who this is can’t be used'
    throw new Error(`${file ?? ''}: ${sentence}: ${String(cause)}`, { cause })
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
