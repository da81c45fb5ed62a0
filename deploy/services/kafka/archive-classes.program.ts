/**
 * Starts a broker once and has Java write its classes, as it has them in memory, to the file that is named: later brokers
 * start with half the work (class data sharing). Run by `deploy/set-up.mjs --tests`.
 */
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KafkaCluster } from './cluster.ts'

const archive = process.argv[2] ?? ''
const made = `${archive}.${process.pid}`
const folder = mkdtempSync(join(tmpdir(), 'gongdao-kafka-classes-'))
try {
  const java = [`-XX:ArchiveClassesAtExit=${made}`]
  const kafka = await KafkaCluster.start(folder, { nodes: 1, java })
  await kafka.stop()
  // This Java makes none: that is written down, so that nobody tries again.
  if (!existsSync(made)) writeFileSync(made, '')
  renameSync(made, archive)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
