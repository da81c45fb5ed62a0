/** How a process reaches Kafka: where, and with which proof of who it is. Without `tls` everything is sent in the clear. */
import type { KafkaConfig } from 'kafkajs'
import { logLevel } from './kafkajs.ts'

export interface KafkaConnection {
  /** `host:port`, at least one. */
  readonly brokers: readonly string[]
  /** Shown in the brokers' own logs. */
  readonly clientId: string
  /** PEM texts. `cert` and `key`: mutual TLS. */
  readonly tls?: {
    readonly ca: readonly string[]
    readonly cert?: string
    readonly key?: string
  }
  /** SCRAM-SHA-512. */
  readonly password?: { readonly username: string; readonly password: string }
}

export function kafkaConfig(connection: KafkaConnection): KafkaConfig {
  const { brokers, clientId, tls, password } = connection
  return {
    brokers: [...brokers],
    clientId,
    // What went wrong is thrown; kafkajs would print it as well.
    logLevel: logLevel.NOTHING,
    ...(tls === undefined ? {} : { ssl: { ...tls, ca: [...tls.ca], minVersion: 'TLSv1.3' } }),
    ...(password === undefined ? {} : { sasl: { mechanism: 'scram-sha-512', ...password } }),
  }
}
