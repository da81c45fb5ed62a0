/**
 * `npm run services -- [--nodes 3] [--data DIR]`: Kafka and Redis on loopback, for whoever develops. Prints one line to
 * paste into another terminal, stays up until Ctrl-C, and finds its data again at the next start.
 */
import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { KafkaCluster, type ClusterPlan } from './kafka/cluster.ts'
import { ServiceFault } from './kafka/java.ts'
import { initLedgerTopics } from './kafka/init-topics.ts'
import { startRedis, type Redis } from './redis.ts'

interface Options {
  readonly nodes: 1 | 3
  readonly data: string
}

const command = new Command('services')
  .description('Kafka and Redis on loopback, until Ctrl-C')
  .option('--nodes <number>', 'Kafka nodes: 1 or 3', nodeCount, 1)
  .option('--data <folder>', 'folder that holds their data', '.gongdao/services')
  .action(run)

await command.parseAsync().catch((fault: unknown) => {
  if (!(fault instanceof ServiceFault)) throw fault
  process.stderr.write(`services: ${fault.message}\n`)
  process.exitCode = 1
})

async function run({ nodes, data }: Options): Promise<void> {
  const stop = untilToldToStop()
  const folder = resolve(data)
  mkdirSync(folder, { recursive: true })
  const there = process.env['KAFKA_BROKERS']
  const kafka = there === undefined ? await bringUpKafka(folder, nodes) : undefined
  let redis: Redis | undefined
  try {
    redis = await startRedis(`${folder}/redis`)
    process.stdout.write(`${line(kafka, redis)}\n`)
    process.stderr.write(`Data in ${folder}. Ctrl-C stops.\n`)
    await stop
    process.stderr.write('Stopping …\n')
  } finally {
    await Promise.all([kafka?.stop(), redis?.stop()])
  }
}

async function bringUpKafka(folder: string, nodes: 1 | 3): Promise<KafkaCluster> {
  process.stderr.write(`Starting Kafka (${nodes === 1 ? 'one node' : 'three nodes'}) and Redis …\n`)
  const plan: ClusterPlan = { nodes }
  const kafka = await KafkaCluster.start(`${folder}/kafka-${nodes}`, plan)
  try {
    await initLedgerTopics(kafka)
  } catch (fault) {
    await kafka.stop()
    throw fault
  }
  return kafka
}

function line(kafka: KafkaCluster | undefined, redis: Redis): string {
  const brokers =
    kafka === undefined
      ? ['KAFKA_BROKERS', 'KAFKA_SCRAM_BROKERS', 'KAFKA_ACCESS'].flatMap(asGiven)
      : [
          `KAFKA_BROKERS=${kafka.brokers.join()}`,
          `KAFKA_SCRAM_BROKERS=${kafka.scramBrokers.join()}`,
          `KAFKA_ACCESS=${kafka.access.folder}`,
        ]
  return ['export', ...brokers, `REDIS_URL=${redis.url}`].join(' ')
}

function asGiven(name: string): string[] {
  const value = process.env[name]
  return value === undefined ? [] : [`${name}=${value}`]
}

function nodeCount(text: string): 1 | 3 {
  if (text === '1') return 1
  if (text === '3') return 3
  throw new InvalidArgumentError('1 or 3')
}

/** Ctrl-C reaches the whole group of processes: Kafka and Redis hear it as well, all at once, which is what they need. */
async function untilToldToStop(): Promise<void> {
  await new Promise<void>((told) => {
    process.once('SIGINT', told)
    process.once('SIGTERM', told)
  })
}
