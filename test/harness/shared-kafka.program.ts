/** The Kafka that the test files of one run share. It ends when it is told to, or when the run is no more. */
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { KafkaCluster } from '../../deploy/services/kafka/cluster.ts'

const LOOK_AGAIN_MS = 100

const folder = process.argv[2] ?? ''
const run = Number(process.env['GONGDAO_TEST_RUN_PID'])

writeFileSync(join(folder, 'pid'), String(process.pid))
let stopping = false
process.once('SIGTERM', () => {
  stopping = true
})

try {
  const cluster = await KafkaCluster.start(folder)
  const { brokers, scramBrokers } = cluster
  tell('ready.json', JSON.stringify({ brokers, scramBrokers }))
  const timer = setInterval(() => {
    if (!stopping && isAlive(run)) return
    clearInterval(timer)
    void cluster.stop()
  }, LOOK_AGAIN_MS)
} catch (fault) {
  tell('failure', fault instanceof Error ? fault.message : String(fault))
}

/** The file appears whole or not at all. */
function tell(name: string, text: string): void {
  writeFileSync(join(folder, `${name}.new`), text)
  renameSync(join(folder, `${name}.new`), join(folder, name))
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
