/** Apache Kafka's programs, from the jars that `deploy/set-up.mjs --tests` brought. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, readdirSync, realpathSync, renameSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { kafkaJarsFolder } from '../../set-up/kafka-jars.mjs'

/** What is missing on this machine is told before anything starts. */
export class ServiceFault extends Error {
  override readonly name = 'ServiceFault'
}

const OPTIONS = [
  ...['-Xms64m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'],
  ...['-Djava.awt.headless=true', '-Xlog:cds=off', '-Xlog:cds+dynamic=off'],
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  // The one line that says that it is ready.
  '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
]

export function hasKafkaJars(): boolean {
  return existsSync(kafkaJarsFolder())
}

/** Starts a main class of Kafka; its messages go to standard error. */
export function kafkaProgram(mainClass: string, ...words: readonly string[]): ChildProcess {
  const archive = classArchive()
  return java(existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`] : [], mainClass, words)
}

/**
 * A broker. It starts with half the work where an earlier one left its classes as Java has them in memory; the first one
 * does that when it is stopped, and `keep`, called after its end, puts them where the next finds them.
 */
export function kafkaServer(settings: string): {
  readonly process: ChildProcess
  readonly keep: () => void
} {
  const archive = classArchive()
  if (existsSync(archive)) {
    return { process: kafkaProgram('kafka.Kafka', settings), keep: () => undefined }
  }
  const own = `${archive}.${randomUUID()}`
  const keep = (): void => {
    if (existsSync(own)) renameSync(own, archive)
  }
  return { process: java([`-XX:ArchiveClassesAtExit=${own}`], 'kafka.Kafka', [settings]), keep }
}

function java(
  options: readonly string[],
  mainClass: string,
  words: readonly string[],
): ChildProcess {
  return spawn('java', [...OPTIONS, ...options, '-cp', classPath(), mainClass, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

function classArchive(): string {
  return `${kafkaJarsFolder()}-${javaVersion()}.jsa`
}

/** An archive is for one Java only; another one leaves it aside with a warning. */
function javaVersion(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const found = folders.map((folder) => join(folder, 'java')).find((path) => existsSync(path))
  if (found === undefined) return 'none'
  const program = realpathSync(found)
  const text = `${program} ${statSync(program).mtimeMs}`
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}

function classPath(): string {
  const folder = kafkaJarsFolder()
  if (!existsSync(folder)) {
    throw new ServiceFault(
      "Apache Kafka's jars are not on this machine. Bring them with: node deploy/set-up.mjs --tests",
    )
  }
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jar'))
    .sort()
    .map((name) => join(folder, name))
    .join(delimiter)
}
