/**
 * Kills a gateway under load again and again while it writes to a real Kafka, and Kafka's leader as well: each round one of the two,
 * or both. What was answered for must stand in Kafka, the next incarnation sends the rest, and verify finds nothing.
 *
 *     npm run campaign:kafka -- --rounds N --nodes 1|3
 */
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Asked } from '../../deploy/demo/ask.ts'
import { KafkaCluster } from '../../deploy/services/kafka/cluster.ts'
import { ledgerOn, sectionFor } from '../harness/replication.ts'
import {
  crashingSystem,
  load,
  process as gatewayProcess,
  recoverAndJudge,
} from '../system/crashing.ts'
import type { Crash } from '../system/gateway-process.ts'
import { missingInKafka, verifiedInKafka } from '../system/replicated-crashing.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '20' }, nodes: { type: 'string', default: '1' } },
})
const rounds = Number(values.rounds)
const nodes = values.nodes === '3' ? 3 : 1
if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError('--rounds takes a whole number')

const LONGEST_MS = 4000
const TROUBLES = ['none', 'none', 'killed', 'paused', 'restarted'] as const

const folder = mkdtempSync(join(tmpdir(), 'gongdao-kafka-'))
const cluster = await KafkaCluster.start(folder, { nodes })
const prefix = await ledgerOn(cluster)
const section = sectionFor(cluster, prefix)
const system = await crashingSystem(section)
const replies: Asked[] = []
let faulty = 0

for (let round = 1; round <= rounds && faulty === 0; round += 1) {
  const crash = randomCrash()
  const trouble = TROUBLES[randomInt(TROUBLES.length)] ?? 'none'
  const gateway = await gatewayProcess(system, crash, section)
  const afterMs = 500 + randomInt(LONGEST_MS)
  const troubled = make(trouble)
  const killed = pause(afterMs).then(() => {
    gateway.kill('SIGKILL')
  })
  replies.push(...(await load(system, gateway, 1 + randomInt(8))))
  await Promise.all([killed, troubled])
  await gateway.ended
  const faults = [
    ...(await missingInKafka(cluster, prefix, replies)),
    ...(await recoverAndJudge(system, replies)),
    ...(await verifiedInKafka(system, cluster, section)),
  ]
  faulty += faults.length
  const how = crash === undefined ? '' : `, at ${crash.at} ${String(crash.number)}`
  say(
    `round ${String(round)}: gateway killed after ${String(afterMs)} ms${how}; Kafka: ${trouble}; ` +
      `${String(replies.length)} replies so far, ${faults.length === 0 ? 'good' : 'faulty'}`,
  )
  for (const fault of faults) say(`  ${fault}`)
}
if (faulty === 0) {
  await system[Symbol.asyncDispose]()
  await cluster.stop()
  rmSync(folder, { recursive: true })
} else {
  await system.departments.close()
  await cluster.kill()
  say(`kept for a look: ${system.data} and ${folder}`)
}
say(`${String(rounds)} rounds, ${String(replies.length)} replies, ${String(faulty)} faults`)
process.exitCode = faulty === 0 ? 0 : 1

function randomCrash(): Crash | undefined {
  const at = (['sync', 'synced', 'write', undefined] as const)[randomInt(4)]
  return at === undefined ? undefined : { at, number: 1 + randomInt(200) }
}

/** Done to one node in the middle of the round, and mended before its end. */
async function make(trouble: (typeof TROUBLES)[number]): Promise<void> {
  const node = cluster.nodes[randomInt(cluster.nodes.length)]
  if (node === undefined || trouble === 'none') return
  await pause(randomInt(1000))
  if (trouble === 'paused') {
    node.pause()
    await pause(1000 + randomInt(4000))
    node.resume()
    return
  }
  await (trouble === 'killed' ? node.kill() : node.stop())
  await node.start()
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
