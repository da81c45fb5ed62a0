/**
 * Three Kafka nodes on loopback: a leader is killed, another paused, all restarted in turn, while one producer writes as the
 * product does (one send at a time, a new producer after each rejection). What was acknowledged must be there.
 *
 *     npm run campaign:brokers -- --seconds 20
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Kafka, type KafkaConfig, type Producer } from 'kafkajs'
import type { KafkaRole } from '../../deploy/services/kafka/access.ts'
import { KafkaCluster } from '../../deploy/services/kafka/cluster.ts'
import { initLedgerTopics } from '../../deploy/services/kafka/init-topics.ts'
import type { KafkaNode } from '../../deploy/services/kafka/node.ts'
import { readAll } from '../harness/broker-under-test.ts'
import { clientOf } from '../harness/kafka-broker.ts'

const TOPIC = 'gongdao.exchange'
const PAUSED_MS = 12_000
const PATIENCE_MS = 90_000

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '20' } } })
const seconds = Number(values.seconds)
if (!Number.isInteger(seconds) || seconds < 1) throw new RangeError('--seconds: a whole number')

const folder = mkdtempSync(join(tmpdir(), 'gongdao-brokers-'))
const started = performance.now()
const cluster = await KafkaCluster.start(folder, { nodes: 3 })
say(`three nodes are ready after ${inSeconds(performance.now() - started)}`)
await initLedgerTopics(cluster)

const acknowledged: string[] = []
let longestGap = 0
let stopping = false
const writing = write()

await under('the leader is killed and comes back', async () => {
  const leader = await leaderOf(TOPIC)
  await leader.kill()
  await progress()
  await leader.start()
})
await under(`the leader hangs for ${inSeconds(PAUSED_MS)}`, async () => {
  const leader = await leaderOf(TOPIC)
  leader.pause()
  await pause(PAUSED_MS)
  leader.resume()
})
await under('all are restarted, one after the other', async () => {
  for (const node of cluster.nodes) {
    await node.stop()
    await node.start()
  }
})

stopping = true
await writing
const stored = await readAll(client('auditor'), TOPIC)
await cluster.stop()
const there = new Set(stored)
const lost = acknowledged.filter((value) => !there.has(value))
say(
  `${acknowledged.length} acknowledged, ${lost.length} lost, ${stored.length - there.size} repeated`,
)
if (lost.length === 0) rmSync(folder, { recursive: true, force: true })
else say(`kept for a look: ${folder}`)
process.exitCode = lost.length === 0 ? 0 : 1

async function under(trouble: string, work: () => Promise<void>): Promise<void> {
  await pause((seconds * 1000) / 3)
  const before = acknowledged.length
  longestGap = 0
  await work()
  await progress()
  say(
    `${trouble}: ${acknowledged.length - before} acknowledged meanwhile, ` +
      `longest silence ${inSeconds(longestGap)}`,
  )
}

async function write(): Promise<void> {
  let producer = await newProducer()
  let last = performance.now()
  for (let index = 0; !stopping; index += 1) {
    if (await send(producer, String(index))) {
      acknowledged.push(String(index))
      longestGap = Math.max(longestGap, performance.now() - last)
      last = performance.now()
    } else {
      await producer.disconnect().catch(() => undefined)
      producer = await newProducer()
    }
  }
  await producer.disconnect()
}

/** False: nobody knows whether it is stored. */
async function send(producer: Producer, value: string): Promise<boolean> {
  try {
    const messages = [{ partition: 0, value }]
    await producer.send({ topic: TOPIC, acks: -1, timeout: 2000, messages })
    return true
  } catch {
    return false
  }
}

async function newProducer(): Promise<Producer> {
  for (;;) {
    const options = { idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false }
    const producer = new Kafka(client('gateway')).producer(options)
    try {
      await producer.connect()
      return producer
    } catch {
      await producer.disconnect().catch(() => undefined)
      await pause(100)
    }
  }
}

async function progress(): Promise<void> {
  const before = acknowledged.length
  const end = performance.now() + PATIENCE_MS
  while (acknowledged.length === before) {
    if (performance.now() > end) throw new Error('nothing is acknowledged any more')
    await pause(20)
  }
}

async function leaderOf(topic: string): Promise<KafkaNode> {
  const admin = new Kafka(client('admin')).admin()
  await admin.connect()
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  await admin.disconnect()
  const id = topics[0]?.partitions[0]?.leader
  const leader = cluster.nodes.find(({ plan }) => plan.id === id)
  if (leader === undefined) throw new Error('the topic has no leader')
  return leader
}

function client(role: KafkaRole): KafkaConfig {
  const { access, brokers, scramBrokers } = cluster
  const retry = { retries: 1 }
  return { ...clientOf({ access, brokers, scramBrokers }, role), requestTimeout: 3000, retry }
}

function inSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
