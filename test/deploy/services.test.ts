/** Kafka and Redis as developers and tests get them: they start, and nobody may do what is not theirs to do. */
import { beforeAll, expect } from '@jest/globals'
import { initLedgerTopics } from '../../deploy/services/kafka/init-topics.ts'
import { sharedKafka, type TestKafka } from '../harness/kafka-broker.ts'
import { ownRedis } from '../harness/redis-server.ts'
import { isHere, testNeeding } from '../house/needs.ts'

const withKafka = testNeeding('kafka')
let kafka: TestKafka

beforeAll(async () => {
  if (isHere('kafka')) kafka = await sharedKafka()
}, 90_000)

withKafka(
  'topics are made once, with their settings, and a second time changes nothing',
  async () => {
    const names = ['registry', 'consent', 'exchange', 'checkpoints'].map((name) => `svc.${name}`)
    expect(await initLedgerTopics({ ...kafka, nodes: [1] }, 'svc')).toEqual({
      created: names,
      changed: [],
      unknown: [],
    })
    expect(await initLedgerTopics({ ...kafka, nodes: [1] }, 'svc')).toEqual({
      created: [],
      changed: [],
      unknown: [],
    })
  },
)

testNeeding('redis-server')(
  'a Redis of one test starts, is killed and starts where it was',
  async () => {
    const redis = await ownRedis()
    const { url, pid } = redis
    await redis.kill()
    await redis.start()
    expect(redis.url).toBe(url)
    expect(redis.pid).not.toBe(pid)
    await redis.stop()
  },
)
