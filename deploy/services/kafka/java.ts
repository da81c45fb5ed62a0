/** Apache Kafka's programs, from the jars that `deploy/set-up.mjs --tests` brought. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { kafkaJarsFolder } from '../../set-up/kafka-jars.mjs'

/** What is missing on this machine is told before anything starts. */
export class ServiceFault extends Error {
  override readonly name = 'ServiceFault'
}

export function hasKafkaJars(): boolean {
  return existsSync(kafkaJarsFolder())
}

/** Starts a main class of Kafka; its messages go to standard error. */
export function kafkaProgram(mainClass: string, ...words: readonly string[]): ChildProcess {
  const options = [
    ...['-Xms64m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'],
    '-Djava.awt.headless=true',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    // The one line that says that it is ready.
    '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
  ]
  return spawn('java', [...options, '-cp', classPath(), mainClass, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
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
    .join(':')
}
