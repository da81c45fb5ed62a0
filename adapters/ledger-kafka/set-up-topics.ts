/**
 * `gongdao kafka init`: topics with the settings that the ledger relies on, and the least rights that do. Needs a super
 * user of the cluster. Can be run again at any time: it brings about what is missing and tells what it found otherwise.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { AclEntry, Admin } from 'kafkajs'
import { KAFKA_TIMES, KafkaClient } from './client.ts'
import type { KafkaConnection } from './connection.ts'
import { faultWord, isRefusal } from './fault-words.ts'
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  ResourcePatternTypes,
} from './kafkajs.ts'
import { correctSettings, type Correction } from './correct-settings.ts'
import { ledgerTopicSettings, type LedgerTopic } from './topics.ts'

const PATIENCE_MS = 10_000
const LOOK_AGAIN_MS = 50

export interface SetUpPlan {
  readonly topics: readonly LedgerTopic[]
  /** Replication factor: three, or one in development. */
  readonly copies: number
  readonly rights: readonly Right[]
}

/** `principal` as Kafka spells it: `User:CN=…,O=…,C=TW` for a certificate, `User:name` for a password. */
export type Right =
  | { readonly principal: string; readonly may: 'write' }
  /** `groups`: prefix of the consumer groups that it may use. */
  | { readonly principal: string; readonly may: 'read'; readonly groups: string }

export interface SetUpReport {
  readonly created: readonly string[]
  /** Topics that were there, each setting that was another. */
  readonly changed: readonly Correction[]
  /** Rights on these topics that the plan does not know: somebody else gave them. They stay. */
  readonly unknown: readonly {
    readonly topic: string
    readonly principal: string
    readonly operation: string
  }[]
}

/** The cluster can't be brought there; the message says why and what to do. */
export class TopicFault extends Error {
  override readonly name = 'TopicFault'
}

export async function setUpTopics(
  connection: KafkaConnection,
  plan: SetUpPlan,
): Promise<SetUpReport> {
  const client = new KafkaClient(connection, KAFKA_TIMES)
  const admin = client.kafka.admin()
  try {
    await admin.connect()
    return await bringAbout(admin, plan)
  } catch (fault) {
    if (fault instanceof TopicFault) throw fault
    throw told(fault, connection)
  } finally {
    await admin.disconnect().catch(() => undefined)
    client.cut()
  }
}

async function bringAbout(admin: Admin, plan: SetUpPlan): Promise<SetUpReport> {
  const there = new Set(await admin.listTopics())
  const missing = plan.topics.filter(({ name }) => !there.has(name))
  const old = plan.topics.filter(({ name }) => there.has(name))
  // Before anything is made: all or nothing, as far as Kafka has that.
  await refuseOtherShapes(admin, old, plan.copies)
  await create(admin, missing, plan.copies)
  const changed = await correctSettings(admin, old, plan.copies)
  const created = missing.map(({ name }) => name)
  // A Kafka in which everybody may do everything (development) knows no rights, and refuses to be asked.
  if (plan.rights.length === 0) return { created, changed, unknown: [] }
  await admin.createAcls({ acl: aclsOf(plan) })
  return { created, changed, unknown: await rightsBeyond(admin, plan) }
}

function told(fault: unknown, { brokers }: KafkaConnection): Error {
  const word = faultWord(fault)
  if (isRefusal(word)) {
    return new TopicFault(
      `Kafka refuses this principal (${word}): setting up takes one of its super users`,
    )
  }
  if (word === 'SECURITY_DISABLED') {
    return new TopicFault(
      'in this Kafka everybody may do everything (it has no authorizer.class.name): name no --writer, --read-back or --auditor if that is meant',
    )
  }
  if (word === 'INVALID_REPLICATION_FACTOR') {
    return new TopicFault('Kafka has fewer nodes than copies were asked for; see --copies')
  }
  if (!/^KafkaJS(Connection|NumberOfRetries|Broker|Request)/.test(word)) return asError(fault)
  return new TopicFault(
    `no Kafka answers at ${brokers.join(', ')} (${word}): is it running, does it speak TLS there, is it its certificate?`,
  )
}

function asError(fault: unknown): Error {
  return fault instanceof Error ? fault : new Error(String(fault))
}

async function create(admin: Admin, topics: readonly LedgerTopic[], copies: number): Promise<void> {
  if (topics.length === 0) return
  const configEntries = Object.entries(ledgerTopicSettings(copies)).map(([name, value]) => ({
    name,
    value,
  }))
  await admin.createTopics({
    waitForLeaders: true,
    topics: topics.map(({ name, partitions }) => ({
      topic: name,
      numPartitions: partitions,
      replicationFactor: copies,
      configEntries,
    })),
  })
}

/** Partitions and copies can't be changed here: a chain keeps its partition for ever. */
async function refuseOtherShapes(
  admin: Admin,
  topics: readonly LedgerTopic[],
  copies: number,
): Promise<void> {
  if (topics.length === 0) return
  const found = await admin.fetchTopicMetadata({ topics: topics.map(({ name }) => name) })
  for (const { name, partitions } of found.topics) {
    const wanted = topics.find((topic) => topic.name === name)?.partitions
    const replicas = Math.min(...partitions.map((partition) => partition.replicas.length))
    if (partitions.length === wanted && replicas >= copies) continue
    throw new TopicFault(
      `topic ${name} has ${partitions.length} partitions in ${replicas} copies, not ${wanted ?? 0} in ${copies}. ` +
        'Name its real shape, move it with kafka-reassign-partitions, or use another prefix',
    )
  }
}

/** Writing idempotently needs no more than WRITE; a writer may not read, so what it wrote is read back by another. */
function aclsOf(plan: SetUpPlan): AclEntry[] {
  const { READ, WRITE, DESCRIBE_CONFIGS } = AclOperationTypes
  return plan.rights.flatMap((right) => {
    const operations = right.may === 'write' ? [WRITE, DESCRIBE_CONFIGS] : [READ]
    const onTopics = plan.topics.flatMap(({ name }) =>
      operations.map((operation) => acl(right.principal, { topic: name }, operation)),
    )
    if (right.may === 'write') return onTopics
    return [...onTopics, acl(right.principal, { groups: right.groups }, READ)]
  })
}

function acl(
  principal: string,
  on: { readonly topic: string } | { readonly groups: string },
  operation: AclEntry['operation'],
): AclEntry {
  const where =
    'topic' in on
      ? {
          resourceType: AclResourceTypes.TOPIC,
          resourceName: on.topic,
          resourcePatternType: ResourcePatternTypes.LITERAL,
        }
      : {
          resourceType: AclResourceTypes.GROUP,
          resourceName: on.groups,
          resourcePatternType: ResourcePatternTypes.PREFIXED,
        }
  return { ...where, principal, host: '*', operation, permissionType: AclPermissionTypes.ALLOW }
}

/** Waits until every right of the plan is in force (a broker learns of it after the controller), then tells the others. */
async function rightsBeyond(admin: Admin, plan: SetUpPlan): Promise<SetUpReport['unknown']> {
  const planned = new Set(aclsOf(plan).filter(isOnTopic).map(spelled))
  const end = performance.now() + PATIENCE_MS
  for (;;) {
    const given = await rightsGiven(admin, plan)
    const there = new Set(given.map(spelled))
    if ([...planned].every((one) => there.has(one))) {
      return given
        .filter((one) => !planned.has(spelled(one)))
        .map(({ operation, principal, topic }) => ({
          topic,
          principal,
          operation: operationName(operation),
        }))
    }
    if (performance.now() > end) {
      throw new TopicFault('Kafka took the rights and does not show them: ask its controller why')
    }
    await pause(LOOK_AGAIN_MS)
  }
}

interface Given {
  readonly topic: string
  readonly resourceName: string
  readonly principal: string
  readonly operation: number
}

/** Everything that anybody may do with the ledger's topics, also what was given on `*` or on a prefix. */
async function rightsGiven(admin: Admin, plan: SetUpPlan): Promise<Given[]> {
  const given: Given[] = []
  for (const { name } of plan.topics) {
    const { resources } = await admin.describeAcls({
      resourceType: AclResourceTypes.TOPIC,
      resourceName: name,
      resourcePatternType: ResourcePatternTypes.MATCH,
      operation: AclOperationTypes.ANY,
      permissionType: AclPermissionTypes.ALLOW,
    })
    const found = resources.flatMap(({ acls, resourceName }) =>
      acls.map(({ operation, principal }) => ({ topic: name, resourceName, principal, operation })),
    )
    given.push(...found)
  }
  return given
}

function isOnTopic({ resourceType }: AclEntry): boolean {
  return resourceType === AclResourceTypes.TOPIC
}

function spelled(right: Omit<Given, 'topic'>): string {
  return `${right.resourceName} ${right.principal} ${right.operation}`
}

function operationName(operation: number): string {
  const found = Object.entries(AclOperationTypes).find(([, one]) => Number(one) === operation)
  return found?.[0] ?? String(operation)
}
