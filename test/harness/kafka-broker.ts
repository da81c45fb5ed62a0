/**
 * A real Apache Kafka for tests.
 *
 *     const kafka = await sharedKafka()                  // one for the whole run: use topic names of your own, don't stop it
 *     const kafka = await ownKafka({ nodes: 3 })         // yours to kill, pause, restart: `kafka.cluster.nodes[0].kill()`
 *     new Kafka(clientOf(kafka, 'gateway'))              // kafkajs by certificate; `scramClientOf` by password
 *
 * Where `KAFKA_BROKERS` names a Kafka that is there already, the shared one is that (`KAFKA_ACCESS`: its `access/` folder
 * as `npm run services` prints it).
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Kafka, logLevel, type KafkaConfig } from 'kafkajs'
import type { KafkaConnection } from '../../adapters/ledger-kafka/connection.ts'
import { KafkaAccess, type KafkaRole } from '../../deploy/services/kafka/access.ts'
import { KafkaCluster, type ClusterPlan } from '../../deploy/services/kafka/cluster.ts'
import { runFolder, serverFolder } from './run-folder.ts'

export interface TestKafka {
  /** `host:port` for certificates. */
  readonly brokers: readonly string[]
  /** `host:port` for passwords; empty where the Kafka of `KAFKA_BROKERS` has none that we know. */
  readonly scramBrokers: readonly string[]
  readonly access: KafkaAccess
}

export interface OwnKafka extends TestKafka {
  readonly cluster: KafkaCluster
}

const PATIENCE_MS = 90_000

/** Started by the first test file that asks, stopped at the end of the run. */
export async function sharedKafka(): Promise<TestKafka> {
  const brokers = process.env['KAFKA_BROKERS']
  if (brokers !== undefined) return existing(brokers)
  const run = runFolder()
  if (run === undefined) throw new Error('a shared Kafka needs a test run: use ownKafka')
  const folder = join(run, 'kafka')
  if (isFirst(folder)) {
    const program = fileURLToPath(new URL('shared-kafka.program.ts', import.meta.url))
    // Detached: the worker that starts it may end before the run does.
    spawn(process.execPath, [program, folder], { detached: true, stdio: 'ignore' }).unref()
  }
  const end = Date.now() + PATIENCE_MS
  while (Date.now() < end) {
    const failure = join(folder, 'failure')
    if (existsSync(failure)) throw new Error(readFileSync(failure, 'utf8'))
    const ready = join(folder, 'ready.json')
    if (existsSync(ready)) {
      const where = JSON.parse(readFileSync(ready, 'utf8')) as Omit<TestKafka, 'access'>
      return { ...where, access: KafkaAccess.open(join(folder, 'access')) }
    }
    await pause(50)
  }
  throw new Error(`the shared Kafka did not start; see ${folder}`)
}

/** One of your own: stop it with `kafka.cluster.stop()` in `afterAll`. */
export async function ownKafka(plan: ClusterPlan = { nodes: 1 }): Promise<OwnKafka> {
  const cluster = await KafkaCluster.start(serverFolder('kafka'), plan)
  const { brokers, scramBrokers, access } = cluster
  return { brokers, scramBrokers, access, cluster }
}

/** kafkajs' options for a role's certificate. */
export function clientOf(kafka: TestKafka, role: KafkaRole): KafkaConfig {
  const { brokers, access } = kafka
  return {
    brokers: [...brokers],
    ssl: access.tls(role),
    clientId: role,
    logLevel: logLevel.NOTHING,
  }
}

/** kafkajs' options for a role's password. */
export function scramClientOf(kafka: TestKafka, role: KafkaRole): KafkaConfig {
  const { ca, minVersion } = kafka.access.tls(role)
  const sasl = { mechanism: 'scram-sha-512', ...kafka.access.scram(role) } as const
  const brokers = [...kafka.scramBrokers]
  return { brokers, ssl: { ca, minVersion }, sasl, clientId: role, logLevel: logLevel.NOTHING }
}

/** How the product's own adapter reaches it, by a role's certificate. */
export function connectionOf(kafka: TestKafka, role: KafkaRole): KafkaConnection {
  return { brokers: kafka.brokers, clientId: role, tls: kafka.access.tls(role) }
}

/** The same by its password. */
export function scramConnectionOf(kafka: TestKafka, role: KafkaRole): KafkaConnection {
  const { ca } = kafka.access.tls(role)
  const password = kafka.access.scram(role)
  return { brokers: kafka.scramBrokers, clientId: role, tls: { ca }, password }
}

/** The operator's crime: everything below `offset` is gone, and the partition says nothing of it. */
export async function deleteRecords(
  kafka: TestKafka,
  topic: string,
  below: { readonly partition: number; readonly offset: string },
): Promise<void> {
  const admin = new Kafka(clientOf(kafka, 'admin')).admin()
  await admin.connect()
  try {
    // kafkajs deletes only from topics that it has been asked about.
    await admin.fetchTopicOffsets(topic)
    await admin.deleteTopicRecords({ topic, partitions: [below] })
  } finally {
    await admin.disconnect()
  }
}

/** Making a folder succeeds for one only. */
function isFirst(folder: string): boolean {
  try {
    mkdirSync(folder)
    return true
  } catch {
    return false
  }
}

function existing(brokers: string): TestKafka {
  const folder = process.env['KAFKA_ACCESS']
  if (folder === undefined) throw new Error('KAFKA_BROKERS needs KAFKA_ACCESS beside it')
  const scram = process.env['KAFKA_SCRAM_BROKERS']?.split(',') ?? []
  return { brokers: brokers.split(','), scramBrokers: scram, access: KafkaAccess.open(folder) }
}
