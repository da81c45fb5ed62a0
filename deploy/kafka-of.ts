/** The Kafka that a configuration names, each principal with its own proof of who it is. */
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { KafkaConnection } from '../adapters/ledger-kafka/connection.ts'
import { kafkaTransport } from '../adapters/ledger-kafka/kafka-transport.ts'
import type { LogTransport } from '../gateway/ports/log-transport.ts'
import type { Instant } from '../policies/vocabulary.ts'
import type { Principal, ReplicationConfig } from './config/replication.ts'
import { endOfShown, endOfTrusted, kafkaEnds, type KafkaEnds } from './kafka-certificates.ts'
import { pemCertificates } from './pem-certificates.ts'

export function kafkaOf(settings: ReplicationConfig, gateway: string): LogTransport {
  return transportOf(settings, connectionsOf(settings, gateway))
}

export interface RenewableKafka {
  readonly transport: LogTransport
  /** Of the certificates that are in force now. */
  readonly ends: KafkaEnds
  /**
   * Reads certificates, keys and passwords again; throws where they can't be used. What it returns puts them in force, for senders and
   * readers that are opened from then on: an open one stays what it was, and another takes its place when it fails.
   */
  readAgain(now: Instant): () => void
}

export function renewableKafkaOf(settings: ReplicationConfig, gateway: string): RenewableKafka {
  let current = inForce(settings, connectionsOf(settings, gateway))
  return {
    transport: {
      partitions: current.transport.partitions,
      check: () => current.transport.check(),
      openSender: () => current.transport.openSender(),
      openReader: (lane) => current.transport.openReader(lane),
    },
    ends: (now) => current.ends(now),
    readAgain(now) {
      const connections = connectionsOf(settings, gateway)
      assertUsable(settings.writer, connections.writer, now)
      assertUsable(settings.reader, connections.reader, now)
      const next = inForce(settings, connections)
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

function inForce(
  settings: ReplicationConfig,
  connections: Connections,
): Pick<RenewableKafka, 'transport' | 'ends'> {
  const { reader, writer } = connections
  return {
    transport: transportOf(settings, connections),
    ends: kafkaEnds(writer.tls, reader.tls),
  }
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
    const end = endOfTrusted(ca.flatMap(pemCertificates), now)
    if (end === undefined || end < now) throw new Error('no authority in it is in force')
  })
  if (cert === undefined || key === undefined) return
  within(files.certificate, () => {
    createSecureContext({ ca: [...ca], cert, key })
    // The first is the principal's own; what stands below it is the business of who renews it.
    const end = endOfShown(pemCertificates(cert).slice(0, 1), now)
    if (end === undefined || end < now) throw new Error('it is not in force yet, or has run out')
  })
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
