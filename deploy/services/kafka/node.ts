/** One Kafka node: a process on data in a folder. It can be stopped, killed, paused and started again where it was. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { endProcess } from '../end-process.ts'
import type { KafkaAccess } from './access.ts'
import { kafkaProgram, ServiceFault } from './java.ts'
import { serverProperties, type NodePlan } from './properties.ts'

const READY = 'Kafka Server started'
const PATIENCE_MS = 60_000
const SHOWN_OF_LOG = 2000

export class KafkaNode {
  readonly plan: NodePlan
  readonly #java: readonly string[]
  #process: ChildProcess | undefined

  /** `java`: more options for its Java. */
  constructor(plan: NodePlan, java: readonly string[] = []) {
    this.plan = plan
    this.#java = java
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** What the node said, of all its starts. */
  get log(): string {
    return join(this.plan.folder, 'kafka.log')
  }

  /** Writes the settings and, the first time, the data folder with everybody's password. */
  async prepare(
    nodes: readonly NodePlan[],
    access: KafkaAccess,
    cluster: { readonly id: string },
  ): Promise<void> {
    const { folder } = this.plan
    mkdirSync(folder, { recursive: true })
    const { key, cert } = access.files('broker')
    const identity = readFileSync(key, 'utf8') + readFileSync(cert, 'utf8')
    writeFileSync(join(folder, 'broker.pem'), identity, { mode: 0o600 })
    writeFileSync(this.#settings, serverProperties(this.plan, nodes, access))
    if (existsSync(join(folder, 'data/meta.properties'))) return
    const users = (['gateway', 'read-back', 'auditor', 'stranger'] as const).flatMap((role) => {
      const { username, password } = access.scram(role)
      return ['--add-scram', `SCRAM-SHA-512=[name=${username},password=${password}]`]
    })
    const words = ['format', '-t', cluster.id, '-c', this.#settings, ...users]
    const formatting = kafkaProgram('kafka.tools.StorageTool', words)
    const said = formatting.stderr === null ? '' : text(formatting.stderr)
    const [code] = (await once(formatting, 'close').catch(withoutJava)) as [number | null]
    if (code === 0) return
    throw new ServiceFault(`the data folder ${folder} could not be made:\n${await said}`)
  }

  /** Starts the process and waits until clients may come. */
  async start(): Promise<void> {
    const child = kafkaProgram('kafka.Kafka', [this.#settings], this.#java)
    this.#process = child
    const withUs = (): boolean => child.kill('SIGKILL')
    process.once('exit', withUs)
    const log = createWriteStream(this.log, { flags: 'a' })
    child.stdout?.pipe(log, { end: false })
    child.stderr?.pipe(log, { end: false })
    child.once('close', () => {
      process.off('exit', withUs)
      log.end()
    })
    try {
      await readiness(child)
    } catch (fault) {
      if (!(fault instanceof ServiceFault)) throw fault
      await this.kill()
      const said = readFileSync(this.log, 'utf8').slice(-SHOWN_OF_LOG)
      throw new ServiceFault(`${fault.message}; ${this.log} ends with:\n${said}`)
    }
  }

  /** SIGTERM: data are flushed. Of several nodes, stop all together: the last one waits for a quorum for ever. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  /** SIGKILL: as a power cut of the process. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGSTOP: it is there and does not answer. */
  pause(): void {
    this.#process?.kill('SIGSTOP')
  }

  resume(): void {
    this.#process?.kill('SIGCONT')
  }

  get #settings(): string {
    return join(this.plan.folder, 'server.properties')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process
    this.#process = undefined
    await endProcess(child, signal)
  }
}

async function readiness(child: ChildProcess): Promise<void> {
  const waiting = new AbortController()
  const { signal } = waiting
  const timer = setTimeout(() => waiting.abort(), PATIENCE_MS)
  try {
    await Promise.race([
      untilItSays(child, READY, signal),
      once(child, 'exit', { signal }).then(() => {
        throw new ServiceFault('Kafka ended while it started')
      }),
      once(child, 'error', { signal }).then(([fault]) => withoutJava(fault)),
    ])
  } catch (fault) {
    if (!signal.aborted) throw fault
    throw new ServiceFault(`Kafka was not ready within ${PATIENCE_MS / 1000} s`)
  } finally {
    clearTimeout(timer)
    waiting.abort()
  }
}

function withoutJava(fault: unknown): never {
  const why = fault instanceof Error ? fault.message : 'a thrown value'
  throw new ServiceFault(
    `Java could not be started (${why}); it takes Java 17 or newer on the PATH`,
  )
}

async function untilItSays(child: ChildProcess, what: string, signal: AbortSignal): Promise<void> {
  let said = ''
  while (!said.includes(what)) {
    if (child.stderr === null) return
    const [chunk] = (await once(child.stderr, 'data', { signal })) as [Buffer]
    said = said.slice(-what.length) + chunk.toString()
  }
}
