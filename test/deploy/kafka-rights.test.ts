/** On a real Kafka that `gongdao kafka init` has set up, nobody may do what is not theirs to do. */
import { beforeAll, describe, expect } from '@jest/globals'
import { generateKeyPairSync } from 'node:crypto'
import kafkajs, { Kafka, type KafkaConfig } from 'kafkajs'
import { KAFKA_TIMES } from '../../adapters/ledger-kafka/client.ts'
import type { KafkaConnection } from '../../adapters/ledger-kafka/connection.ts'
import { faultWord } from '../../adapters/ledger-kafka/fault-words.ts'
import { openReader } from '../../adapters/ledger-kafka/reader.ts'
import type { SetUpReport } from '../../adapters/ledger-kafka/set-up-topics.ts'
import { ledgerTopics, ledgerTopicSettings } from '../../adapters/ledger-kafka/topics.ts'
import type { KafkaRole } from '../../deploy/services/kafka/access.ts'
import { kafkaCommand } from '../../deploy/commands/kafka.ts'
import { readAll } from '../harness/broker-under-test.ts'
import {
  clientOf,
  connectionOf,
  scramClientOf,
  scramConnectionOf,
  sharedKafka,
  type TestKafka,
} from '../harness/kafka-broker.ts'
import { makePki } from '../harness/pki.ts'
import { isHere, testNeeding } from '../house/needs.ts'
import { GatewayId } from '../../policies/vocabulary.ts'

const promise = testNeeding('kafka')
const PREFIX = 'rights'
const TOPIC = `${PREFIX}.exchange`

let kafka: TestKafka

beforeAll(async () => {
  if (!isHere('kafka')) return
  kafka = await sharedKafka()
  await init()
}, 90_000)

describe('gongdao kafka init', () => {
  promise('makes each topic with the settings that an acknowledgement needs', async () => {
    await withAdmin(clientOf(kafka, 'admin'), async (admin) => {
      const names = ledgerTopics(PREFIX).map(({ name }) => name)
      expect(await admin.listTopics()).toEqual(expect.arrayContaining(names))
      for (const name of names) {
        const found = await settingsOf(admin, name)
        expect(found).toEqual(expect.objectContaining(ledgerTopicSettings(1)))
      }
    })
  })

  promise(
    'changes nothing a second time, mends a setting that somebody changed, and leaves others alone',
    async () => {
      expect(await again()).toEqual({ created: [], changed: [], unknown: [] })
      await withAdmin(clientOf(kafka, 'admin'), async (admin) => {
        await admin.alterConfigs({
          validateOnly: false,
          resources: [
            {
              type: kafkajs.ConfigResourceTypes.TOPIC,
              name: TOPIC,
              configEntries: Object.entries({
                ...ledgerTopicSettings(1),
                'retention.ms': '1000',
                'segment.bytes': '536870912',
              }).map(([name, value]) => ({ name, value })),
            },
          ],
        })
      })
      expect((await again()).changed).toEqual([
        { topic: TOPIC, setting: 'retention.ms', from: '1000', to: '-1' },
      ])
      expect((await again()).changed).toEqual([])
      await withAdmin(clientOf(kafka, 'admin'), async (admin) => {
        expect(await settingsOf(admin, TOPIC)).toMatchObject({ 'segment.bytes': '536870912' })
      })
    },
  )

  promise('tells of a right that it did not give, also one on everything', async () => {
    const acl = {
      ...{ resourceType: kafkajs.AclResourceTypes.TOPIC, resourceName: '*' },
      ...{ resourcePatternType: kafkajs.ResourcePatternTypes.LITERAL, host: '*' },
      ...{ principal: 'User:somebody', operation: kafkajs.AclOperationTypes.DELETE },
      permissionType: kafkajs.AclPermissionTypes.ALLOW,
    }
    await withAdmin(clientOf(kafka, 'admin'), async (admin) => {
      await admin.createAcls({ acl: [acl] })
      const { unknown } = await again()
      await admin.deleteAcls({ filters: [acl] })
      expect(unknown).toContainEqual({
        topic: TOPIC,
        principal: 'User:somebody',
        operation: 'DELETE',
      })
    })
  })

  promise('refuses another number of partitions than a topic has, and does nothing', async () => {
    expect(await refusal('--partitions', '2')).toMatch(/rights\.exchange has 1 partitions .* not 2/)
  })

  promise('says what to do where it is no super user, and where nobody answers', async () => {
    expect(await refusal('--cert', file('gateway'), '--key', keyFile('gateway'))).toMatch(
      /super users/,
    )
    expect(await refusal('--brokers', '127.0.0.1:1')).toMatch(/no Kafka answers at 127\.0\.0\.1:1/)
  })
})

describe('a gateway, by certificate and by password alike,', () => {
  for (const how of ['certificate', 'password']) {
    const config = (): KafkaConfig =>
      (how === 'password' ? scramClientOf : clientOf)(kafka, 'gateway')
    const connection = (): KafkaConnection =>
      (how === 'password' ? scramConnectionOf : connectionOf)(kafka, 'gateway')

    promise(`may write and read the settings (${how})`, async () => {
      await write(config(), TOPIC)
      await withAdmin(config(), async (admin) => {
        expect(await settingsOf(admin, TOPIC)).toHaveProperty(['retention.ms'], '-1')
      })
    })

    promise(`may not read, delete, create, change, or write elsewhere (${how})`, async () => {
      await withAdmin(clientOf(kafka, 'admin'), (admin) =>
        admin.createTopics({ topics: [{ topic: 'rights-elsewhere' }] }),
      )
      expect(await fault(reading(connection()))).toMatch(/TOPIC_AUTHORIZATION_FAILED/)
      expect(await fault(write(config(), 'rights-elsewhere'))).toMatch(/AUTHORIZ/)
      const forbidden = forbiddenOf(config())
      expect(await fault(forbidden.createTopic())).toMatch(/AUTHORIZ/)
      expect(await fault(forbidden.deleteTopic())).toMatch(/AUTHORIZ/)
      expect(await fault(forbidden.shorten())).toMatch(/AUTHORIZ/)
      expect(await fault(forbidden.giveItself())).toMatch(/AUTHORIZ/)
      // As kafkajs words a refused DeleteRecords.
      expect(await fault(forbidden.deleteRecords())).toMatch(/MetadataNotLoaded|AUTHORIZ/)
      expect(await reading(connectionOf(kafka, 'auditor'))).toContain('exchange')
    })
  }
})

describe('who reads', () => {
  for (const role of ['auditor', 'read-back'] as const) {
    promise(`${role}: may read everything and write nothing`, async () => {
      await write(clientOf(kafka, 'gateway'), TOPIC)
      expect(await reading(connectionOf(kafka, role))).toContain('exchange')
      expect(await fault(write(clientOf(kafka, role), TOPIC))).toMatch(/AUTHORIZ/)
      const forbidden = forbiddenOf(clientOf(kafka, role))
      expect(await fault(forbidden.deleteTopic())).toMatch(/AUTHORIZ/)
      expect(await fault(forbidden.createTopic())).toMatch(/AUTHORIZ/)
    })
  }

  promise('an auditor may use a group of auditors, and no group of others', async () => {
    expect(await readAll(clientOf(kafka, 'auditor'), TOPIC, 'audit-1')).toContain('exchange')
    const groupOf = (groupId: string): Promise<unknown> => {
      const once = { ...clientOf(kafka, 'auditor'), retry: { retries: 1 } }
      return withAdmin(once, (admin) => admin.fetchOffsets({ groupId, topics: [TOPIC] }))
    }
    expect(await fault(groupOf('audit-1'))).toBe('')
    expect(await fault(groupOf('read-back-1'))).toMatch(/GroupCoordinatorNotFound|AUTHORIZ/)
  })

  promise('a stranger with a good certificate may do nothing at all', async () => {
    expect(await fault(write(clientOf(kafka, 'stranger'), TOPIC))).toMatch(/AUTHORIZ/)
    expect(await fault(reading(connectionOf(kafka, 'stranger')))).toMatch(/AUTHORIZ/)
  })
})

describe('nobody comes in', () => {
  const quick = { retry: { retries: 0 } }

  promise('without a certificate', async () => {
    const { ca, minVersion } = kafka.access.tls('gateway')
    const config = { ...clientOf(kafka, 'gateway'), ssl: { ca, minVersion }, ...quick }
    expect(await fault(connect(config))).not.toBe('')
  })

  promise('with a certificate of another authority, even with the right name in it', async () => {
    const { key, cert } = await (
      await makePki()
    ).issueGateway(GatewayId.of('TW', 'GOV', 'GONGDAO', 'gateway'))
    const ssl = { ...kafka.access.tls('gateway'), key, cert }
    expect(await fault(connect({ ...clientOf(kafka, 'gateway'), ssl, ...quick }))).not.toBe('')
  })

  promise('with somebody’s certificate and another key', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' })
    const ssl = { ...kafka.access.tls('gateway'), key }
    expect(await fault(connect({ ...clientOf(kafka, 'gateway'), ssl, ...quick }))).not.toBe('')
  })

  promise('with a wrong password, or as a user that nobody made', async () => {
    const right = scramClientOf(kafka, 'gateway')
    const as = (username: string, password: string): KafkaConfig => ({
      ...right,
      ...quick,
      sasl: { mechanism: 'scram-sha-512', username, password },
    })
    expect(await fault(connect(as('gateway', 'guess')))).toMatch(/Authentication/)
    const { password } = kafka.access.scram('gateway')
    expect(await fault(connect(as('nobody', password)))).toMatch(/Authentication/)
    expect(await fault(connect(as('gateway', password)))).toBe('')
  })

  promise('in the clear, or with an older TLS', async () => {
    const { ssl: _none, ...clear } = clientOf(kafka, 'gateway')
    const times = { connectionTimeout: 1000, requestTimeout: 1000 }
    expect(await fault(connect({ ...clear, ...quick, ...times }))).not.toBe('')
    const ssl = { ...kafka.access.tls('gateway'), minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }
    const older = { ...clientOf(kafka, 'gateway'), ssl } as KafkaConfig
    expect(await fault(connect({ ...older, ...quick, ...times }))).not.toBe('')
    expect(await fault(connect(clientOf(kafka, 'gateway')))).toBe('')
  })
})

/** The command as it is typed; a later option of the same name counts. */
async function init(...more: readonly string[]): Promise<{ out: string; error: string }> {
  const said = { out: '', error: '' }
  const outlet = {
    out: (text: string) => (said.out += text),
    error: (text: string) => (said.error += text),
    failed: () => undefined,
  }
  await kafkaCommand(outlet).parseAsync(
    [
      ...[
        'init',
        '--json',
        '--brokers',
        kafka.brokers.join(),
        '--ca',
        kafka.access.files('admin').ca,
      ],
      ...['--cert', file('admin'), '--key', keyFile('admin'), '--prefix', PREFIX, '--copies', '1'],
      ...['--writer', file('gateway'), 'User:gateway', '--read-back', file('read-back')],
      ...['--auditor', file('auditor'), 'User:auditor', ...more],
    ],
    { from: 'user' },
  )
  return said
}

async function again(): Promise<SetUpReport> {
  return JSON.parse((await init()).out) as SetUpReport
}

async function refusal(...more: readonly string[]): Promise<string> {
  return (JSON.parse((await init(...more)).error) as { readonly message: string }).message
}

function file(role: KafkaRole): string {
  return kafka.access.files(role).cert
}

function keyFile(role: KafkaRole): string {
  return kafka.access.files(role).key
}

/** Everything of a client that only the operator of the cluster may do. */
function forbiddenOf(
  config: KafkaConfig,
): Record<
  'createTopic' | 'deleteTopic' | 'deleteRecords' | 'shorten' | 'giveItself',
  () => Promise<unknown>
> {
  const once = { ...config, retry: { retries: 0 } }
  const admin = <Result>(work: (admin: Admin) => Promise<Result>): Promise<Result> =>
    withAdmin(once, work)
  return {
    createTopic: () => admin((one) => one.createTopics({ topics: [{ topic: 'rights-made' }] })),
    deleteTopic: () => admin((one) => one.deleteTopics({ topics: [TOPIC] })),
    deleteRecords: () =>
      admin((one) =>
        one.deleteTopicRecords({ topic: TOPIC, partitions: [{ partition: 0, offset: '1' }] }),
      ),
    shorten: () =>
      admin((one) =>
        one.alterConfigs({
          validateOnly: false,
          resources: [
            {
              type: kafkajs.ConfigResourceTypes.TOPIC,
              name: TOPIC,
              configEntries: [{ name: 'retention.ms', value: '1' }],
            },
          ],
        }),
      ),
    giveItself: () =>
      admin((one) =>
        one.createAcls({
          acl: [
            {
              resourceType: kafkajs.AclResourceTypes.TOPIC,
              resourceName: TOPIC,
              resourcePatternType: kafkajs.ResourcePatternTypes.LITERAL,
              principal: 'User:gateway',
              host: '*',
              operation: kafkajs.AclOperationTypes.READ,
              permissionType: kafkajs.AclPermissionTypes.ALLOW,
            },
          ],
        }),
      ),
  }
}

type Admin = ReturnType<Kafka['admin']>

async function withAdmin<Result>(
  config: KafkaConfig,
  work: (admin: Admin) => Promise<Result>,
): Promise<Result> {
  const admin = new Kafka(config).admin()
  try {
    await admin.connect()
    return await work(admin)
  } finally {
    await admin.disconnect()
  }
}

async function connect(config: KafkaConfig): Promise<void> {
  await withAdmin(config, async () => undefined)
}

async function write(config: KafkaConfig, topic: string): Promise<void> {
  const producer = new Kafka(config).producer({ idempotent: true, allowAutoTopicCreation: false })
  try {
    await producer.connect()
    await producer.send({ topic, acks: -1, messages: [{ partition: 0, value: 'exchange' }] })
  } finally {
    await producer.disconnect()
  }
}

async function settingsOf(admin: Admin, name: string): Promise<Record<string, string>> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name }],
  })
  const entries = resources.flatMap(({ configEntries }) => configEntries)
  return Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue]))
}

/** What it is called that went wrong; empty where nothing did. */
async function fault(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return ''
  } catch (error) {
    const several = hasErrors(error) ? error.errors : [error]
    // Our own reader's sentence ends with the word.
    return several.map((one) => `${faultWord(one)} ${String(one)}`).join()
  }
}

/** kafkajs has an aggregate of its own. */
function hasErrors(error: unknown): error is { readonly errors: readonly unknown[] } {
  return typeof error === 'object' && error !== null && 'errors' in error
}

/** What stands in the topic, read as the product reads it. */
async function reading(connection: KafkaConnection): Promise<string[]> {
  const options = { reader: connection, prefix: PREFIX, partitions: 1, times: KAFKA_TIMES }
  const reader = await openReader(options, { topic: 'exchange', partition: 0 })
  try {
    const { messages } = await reader.read(0, 100)
    return messages.map(({ value }) => Buffer.from(value ?? '').toString('utf8'))
  } finally {
    await reader.close()
  }
}
