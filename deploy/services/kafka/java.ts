/** Apache Kafka's programs, from the jars that `deploy/set-up.mjs --tests` brought. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { kafkaClassArchive, kafkaJarsFolder } from '../../set-up/kafka-jars.mjs'

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

/** Starts a main class of Kafka; its messages go to standard error. `options` are for Java. */
export function kafkaProgram(
  mainClass: string,
  words: readonly string[],
  options: readonly string[] = [],
): ChildProcess {
  const archive = kafkaClassArchive()
  const fast = isFilled(archive) ? [`-XX:SharedArchiveFile=${archive}`] : []
  const all = [...OPTIONS, ...fast, ...options, '-cp', classPath(), mainClass, ...words]
  return spawn('java', all, { stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Empty: this Java makes none. One that was made by another Java is left aside by this one. */
function isFilled(archive: string): boolean {
  return existsSync(archive) && statSync(archive).size > 0
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
