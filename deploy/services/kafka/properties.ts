/** `server.properties` of one node that is broker and controller: small, on loopback, everybody proves who they are. */
import type { KafkaAccess } from './access.ts'

export interface NodePorts {
  /** Mutual TLS: clients with a certificate, and the brokers among themselves. */
  readonly mtls: number
  /** TLS with SCRAM-SHA-512: clients with a password. */
  readonly scram: number
  readonly controller: number
}

export interface NodePlan {
  /** 1, 2, 3. */
  readonly id: number
  readonly folder: string
  readonly ports: NodePorts
}

/** Clients' silence after which a dead node is replaced: seconds in tests, not Kafka's nine. */
const SESSION_MS = 3000

export function serverProperties(
  node: NodePlan,
  nodes: readonly NodePlan[],
  access: KafkaAccess,
): string {
  const copies = Math.min(nodes.length, 3)
  const at = (name: string, port: number): string => `${name}://127.0.0.1:${port}`
  const { mtls, scram, controller } = node.ports
  const settings: Readonly<Record<string, string | number | boolean>> = {
    'process.roles': 'broker,controller',
    'node.id': node.id,
    'controller.quorum.voters': nodes
      .map((one) => `${one.id}@127.0.0.1:${one.ports.controller}`)
      .join(),
    listeners: [at('MTLS', mtls), at('SCRAM', scram), at('CONTROLLER', controller)].join(),
    'advertised.listeners': [at('MTLS', mtls), at('SCRAM', scram)].join(),
    'listener.security.protocol.map': 'MTLS:SSL,SCRAM:SASL_SSL,CONTROLLER:SSL',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'MTLS',
    'log.dirs': `${node.folder}/data`,
    ...encryption(node, access),
    ...authorization(access),
    'auto.create.topics.enable': false,
    'unclean.leader.election.enable': false,
    'delete.topic.enable': true,
    ...small(copies),
  }
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${escaped(String(value))}\n`)
    .join('')
}

function encryption(node: NodePlan, access: KafkaAccess): Readonly<Record<string, string>> {
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': `${node.folder}/broker.pem`,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': access.files('broker').ca,
    'ssl.client.auth': 'required',
    'listener.name.scram.ssl.client.auth': 'none',
    'ssl.enabled.protocols': 'TLSv1.3',
    'ssl.endpoint.identification.algorithm': 'https',
    'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
    'listener.name.scram.scram-sha-512.sasl.jaas.config':
      'org.apache.kafka.common.security.scram.ScramLoginModule required;',
  }
}

function authorization(access: KafkaAccess): Readonly<Record<string, string | boolean>> {
  return {
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': `${access.principal('broker')};${access.principal('admin')}`,
    'allow.everyone.if.no.acl.found': false,
  }
}

function small(copies: number): Readonly<Record<string, number>> {
  return {
    'num.network.threads': 1,
    'num.io.threads': 2,
    'offsets.topic.replication.factor': copies,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': Math.min(copies, 2),
    'transaction.state.log.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': copies,
    'share.coordinator.state.topic.min.isr': Math.min(copies, 2),
    'group.initial.rebalance.delay.ms': 0,
    'log.cleaner.dedupe.buffer.size': 2 * 1024 * 1024,
    'broker.session.timeout.ms': SESSION_MS,
    'broker.heartbeat.interval.ms': SESSION_MS / 6,
  }
}

/** Java reads the file as Latin-1, and takes a backslash for its own. */
function escaped(value: string): string {
  return value
    .replaceAll('\\', '\\\\')
    .replace(/[^\x20-\x7e]/g, (character) => `\\u${hex(character.charCodeAt(0))}`)
}

function hex(unit: number): string {
  return unit.toString(16).padStart(4, '0')
}
