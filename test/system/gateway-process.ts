/** Starts gateway.program.ts and knows how it ended. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ReplicationConfig } from '../../deploy/config/replication.ts'

export interface Crash {
  /** Before the nth fdatasync, right after it, or in the middle of the nth write of a frame. */
  readonly at: 'sync' | 'synced' | 'write'
  readonly number: number
}

export interface ProgramOptions {
  readonly data: string
  readonly addresses: readonly (readonly [string, string])[]
  readonly crash?: Crash
  readonly replication?: ReplicationConfig
}

export interface GatewayProcess {
  /** Undefined: it died before it was ready. */
  readonly url: URL | undefined
  readonly stderr: () => string
  kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGUSR2'): void
  /** The signal that ended it, or its exit code. */
  readonly ended: Promise<string | number>
  readonly isOver: () => boolean
}

const PROGRAM = fileURLToPath(new URL('gateway.program.ts', import.meta.url))

export async function startProcess(options: ProgramOptions): Promise<GatewayProcess> {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let isOver = false
  const ended = new Promise<string | number>((resolve) => {
    child.once('exit', (code, signal) => {
      isOver = true
      resolve(signal ?? code ?? -1)
    })
  })
  let said = ''
  let complained = ''
  child.stderr.on('data', (chunk: Buffer) => (complained += chunk.toString()))
  const ready = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('\n')) resolve()
    })
  })
  await Promise.race([ready, once(child, 'close')])
  const url = /^ready (\S+)$/m.exec(said)?.[1]
  return {
    url: url === undefined ? undefined : new URL(url),
    stderr: () => complained,
    kill: (signal) => child.kill(signal),
    ended,
    isOver: () => isOver,
  }
}
