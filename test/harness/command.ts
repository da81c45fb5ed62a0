/** The command `gongdao`, as a person starts it: a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly error: string
}

export interface Running {
  readonly child: ChildProcess
  readonly out: () => string
  readonly ended: Promise<Ran>
}

export function start(program: string, words: readonly string[]): Running {
  const child = spawn(program, words, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let error = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (error += chunk.toString()))
  const ended = new Promise<Ran>((resolve) => {
    child.once('close', (code) => {
      resolve({ code, out, error })
    })
  })
  return { child, out: () => out, ended }
}

export function startGongdao(...words: readonly string[]): Running {
  return start(process.execPath, ['deploy/gongdao.ts', ...words])
}

export function gongdao(...words: readonly string[]): Promise<Ran> {
  return startGongdao(...words).ended
}
