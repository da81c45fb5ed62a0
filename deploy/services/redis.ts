/** redis-server on loopback with its data in a folder. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { delimiter } from 'node:path'
import { endProcess } from './end-process.ts'
import { freePorts } from './free-ports.ts'
import { ServiceFault } from './kafka/java.ts'

const READY = 'Ready to accept connections'
const TRIES = 3
const SHOWN_OF_LOG = 1000

export class Redis {
  readonly port: number
  readonly #folder: string
  #process: ChildProcess | undefined

  constructor(folder: string, port: number) {
    this.#folder = folder
    this.port = port
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** Starts where it was: same port, same data. */
  async start(): Promise<void> {
    const words = ['--bind', '127.0.0.1', '--port', String(this.port), '--dir', this.#folder]
    // Debian keeps servers where an ordinary user's PATH may not look.
    const path = [process.env['PATH'] ?? '', '/usr/sbin', '/sbin'].join(delimiter)
    const child = spawn('redis-server', [...words, '--appendonly', 'yes'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PATH: path },
    })
    this.#process = child
    const withUs = (): boolean => child.kill('SIGKILL')
    process.once('exit', withUs)
    child.once('close', () => process.off('exit', withUs))
    let said = ''
    await new Promise<void>((ready, failed) => {
      child.stdout.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-SHOWN_OF_LOG)
        if (said.includes(READY)) ready()
      })
      child.once('error', (fault) => {
        failed(new ServiceFault(`redis-server could not be started (${fault.message})`))
      })
      child.once('exit', () => {
        failed(new ServiceFault(`redis-server ended while it started:\n${said}`))
      })
    })
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  pause(): void {
    this.#process?.kill('SIGSTOP')
  }

  resume(): void {
    this.#process?.kill('SIGCONT')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process
    this.#process = undefined
    await endProcess(child, signal)
  }
}

export async function startRedis(folder: string): Promise<Redis> {
  mkdirSync(folder, { recursive: true })
  for (let attempt = 1; ; attempt += 1) {
    const [port = 0] = await freePorts(1)
    const redis = new Redis(folder, port)
    try {
      await redis.start()
      return redis
    } catch (fault) {
      // Somebody took the port since we looked.
      const again = fault instanceof ServiceFault && fault.message.includes('in use')
      if (!again || attempt === TRIES) throw fault
    }
  }
}
