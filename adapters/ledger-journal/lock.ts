/**
 * One process a data folder. Node has no flock, so two things together:
 *
 * - On Linux an abstract unix socket named after the folder, which the kernel frees with the process. It is seen within one network
 *   namespace only.
 * - A file that says who holds the folder, for other namespaces and other systems. It is out of date when the machine was
 *   started again since, or when the process it names is gone; where that can't be seen from here (another
 *   container), when its holder has not touched it for half a minute.
 */
import { hash } from 'node:crypto'
import * as fs from 'node:fs'
import * as net from 'node:net'
import * as path from 'node:path'
import { codeOf } from './disk.ts'

export interface FolderLock {
  release(): Promise<void>
}

/** What a person reads who starts a second one. */
export class FolderLocked extends Error {
  override readonly name = 'FolderLocked'
}

const FILE = 'in-use.json'
const TOUCH_MS = 5_000
const STALE_MS = 30_000

interface Holder {
  readonly pid: number
  /** Changes when the machine is started again; empty where the system has no such thing. */
  readonly boot: string
  /** Process ids of another namespace mean nothing here. */
  readonly namespace: string
  /** When the process was started, as the kernel counts: process ids are given again. */
  readonly started: string
}

/** Throws `FolderLocked` where another process holds the folder. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
  const real = fs.realpathSync(folder)
  const socket = await holdSocket(real)
  const file = path.join(real, FILE)
  try {
    holdFile(file)
  } catch (fault) {
    await closed(socket)
    throw fault
  }
  const touching = setInterval(() => touch(file), TOUCH_MS).unref()
  return {
    async release() {
      clearInterval(touching)
      fs.rmSync(file, { force: true })
      await closed(socket)
    },
  }
}

function holdSocket(real: string): Promise<net.Server | undefined> {
  if (process.platform !== 'linux') return Promise.resolve(undefined)
  const server = net.createServer((connection) => connection.destroy())
  return new Promise((resolve, reject) => {
    server.once('error', (fault) => {
      reject(codeOf(fault) === 'EADDRINUSE' ? lockedBy('a running process') : fault)
    })
    server.listen(`\0gongdao:${hash('sha256', real)}`, () => {
      resolve(server.unref())
    })
  })
}

function holdFile(file: string): void {
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      fs.writeFileSync(file, JSON.stringify(ourselves()), { flag: 'wx', mode: 0o600 })
      return
    } catch (fault) {
      if (codeOf(fault) !== 'EEXIST') throw fault
    }
    const holder = holderIn(file)
    if (holder !== undefined && isThere(holder, file)) throw lockedBy(`process ${holder.pid}`)
    fs.rmSync(file, { force: true })
  }
  throw lockedBy('another process that is starting')
}

function isThere(holder: Holder, file: string): boolean {
  const us = ourselves()
  if (holder.boot !== us.boot) return false
  if (holder.namespace !== us.namespace) {
    return Date.now() - (fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) < STALE_MS
  }
  // The socket above was free, so this process does not hold it through another lock of its own on Linux.
  if (holder.pid === us.pid) return holder.started === us.started && process.platform !== 'linux'
  return isAlive(holder.pid) && startOf(holder.pid) === holder.started
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (fault) {
    return codeOf(fault) === 'EPERM'
  }
}

function ourselves(): Holder {
  return {
    pid: process.pid,
    boot: textOf('/proc/sys/kernel/random/boot_id').trim(),
    namespace: linkOf('/proc/self/ns/pid'),
    started: startOf(process.pid),
  }
}

/** Field 22 of /proc/<pid>/stat; the name before it may hold spaces and parentheses. */
function startOf(pid: number): string {
  const stat = textOf(`/proc/${pid}/stat`)
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

function holderIn(file: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(textOf(file))
    return isHolder(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isHolder(value: unknown): value is Holder {
  if (typeof value !== 'object' || value === null) return false
  const { pid, boot, namespace, started } = value as Partial<Record<keyof Holder, unknown>>
  const texts = [boot, namespace, started].every((text) => typeof text === 'string')
  return texts && Number.isSafeInteger(pid) && Number(pid) > 0
}

function textOf(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function linkOf(file: string): string {
  try {
    return fs.readlinkSync(file)
  } catch {
    return ''
  }
}

function touch(file: string): void {
  const now = new Date()
  try {
    fs.utimesSync(file, now, now)
  } catch {
    // Somebody removed it: nothing that this process could mend. The socket still holds.
  }
}

function closed(server: net.Server | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (server === undefined) resolve()
    else server.close(() => resolve())
  })
}

function lockedBy(whom: string): FolderLocked {
  return new FolderLocked(
    `The data folder is in use by ${whom}: two writers would fork the ledger. Stop the other one, or give this one a folder of its own with --data.`,
  )
}
