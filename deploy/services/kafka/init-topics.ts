/** The ledger's topics and rights on the local Kafka, as `gongdao kafka init` makes them anywhere. */
import {
  setUpTopics,
  type Right,
  type SetUpReport,
} from '../../../adapters/ledger-kafka/set-up-topics.ts'
import { ledgerTopics } from '../../../adapters/ledger-kafka/topics.ts'
import type { KafkaAccess } from './access.ts'

export interface LocalKafka {
  readonly brokers: readonly string[]
  readonly access: KafkaAccess
  readonly nodes: readonly unknown[]
}

export async function initLedgerTopics(
  kafka: LocalKafka,
  prefix = 'gongdao',
): Promise<SetUpReport> {
  const { brokers, access } = kafka
  const connection = { brokers, clientId: 'admin', tls: access.tls('admin') }
  const topics = ledgerTopics(prefix)
  return setUpTopics(connection, { topics, copies: kafka.nodes.length, rights: rightsOf(access) })
}

/** By certificate and by password alike. */
export function rightsOf(access: KafkaAccess): Right[] {
  const names = (role: 'gateway' | 'read-back' | 'auditor'): string[] => [
    access.principal(role),
    `User:${role}`,
  ]
  return [
    ...names('gateway').map((principal) => ({ principal, may: 'write' }) as const),
    ...names('read-back').map(
      (principal) => ({ principal, may: 'read', groups: 'read-back-' }) as const,
    ),
    ...names('auditor').map((principal) => ({ principal, may: 'read', groups: 'audit-' }) as const),
  ]
}
