/** Kafka and Redis as developers and tests get them. */
import { beforeAll, expect } from '@jest/globals'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { SetUpReport } from '../../adapters/ledger-kafka/set-up-topics.ts'
import { initLedgerTopics } from '../../deploy/services/kafka/init-topics.ts'
import { ROOT } from '../harness/command.ts'
import { sharedKafka, type TestKafka } from '../harness/kafka-broker.ts'
import { ownRedis } from '../harness/redis-server.ts'
import { serverFolder } from '../harness/run-folder.ts'
import { isHere, testNeeding } from '../house/needs.ts'

const withKafka = testNeeding('kafka')
const withRedis = testNeeding('redis-server')
let kafka: TestKafka

beforeAll(async () => {
  if (isHere('kafka')) kafka = await sharedKafka()
}, 90_000)

withKafka('topics are made once, and a second time changes nothing', async () => {
  const prefix = `services-${randomUUID()}`
  const names = ['registry', 'consent', 'exchange', 'checkpoints']
  const created = names.map((name) => `${prefix}.${name}`)
  const init = (): Promise<SetUpReport> => initLedgerTopics({ ...kafka, nodes: [1] }, prefix)
  expect(await init()).toEqual({ created, changed: [], unknown: [] })
  expect(await init()).toEqual({ created: [], changed: [], unknown: [] })
})

withRedis('npm run services prints one line to paste, and ends on Ctrl-C', async () => {
  const program = ['deploy/services/services.ts', '--data', serverFolder('services')]
  // A Kafka that is there already is used as it is; what Kafka costs is paid by the others.
  const { KAFKA_SCRAM_BROKERS: _none, ...inherited } = process.env
  const env = { ...inherited, KAFKA_BROKERS: 'there:9092', KAFKA_ACCESS: '/access' }
  const services = spawn(process.execPath, program, { cwd: ROOT, env })
  const ended = once(services, 'exit')
  const [printed] = (await once(services.stdout, 'data')) as [Buffer]
  expect(printed.toString()).toMatch(
    /^export KAFKA_BROKERS=there:9092 KAFKA_ACCESS=\/access REDIS_URL=redis:\/\/127\.0\.0\.1:\d+\n$/,
  )
  services.kill('SIGINT')
  expect(await ended).toEqual([0, null])
})

withRedis('a Redis of one test starts, is killed and starts where it was', async () => {
  const redis = await ownRedis()
  const { url, pid } = redis
  await redis.kill()
  await redis.start()
  expect(redis.url).toBe(url)
  expect(redis.pid).not.toBe(pid)
  await redis.stop()
})
