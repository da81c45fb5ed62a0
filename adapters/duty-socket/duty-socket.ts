/**
 * The door for officers' commands on this machine: a Unix socket in the data folder, for the folder's owner only (a named pipe on
 * Windows). Nothing that goes through it is written to a disk. Whoever may use it could read the key store as well; what
 * they may do is decided by signatures, not by the door.
 */
import { hash } from 'node:crypto'
import { realpathSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { join, relative } from 'node:path'
import type { Conversation } from '../../gateway/ports/conversation.ts'
import { LineConversation } from './line-conversation.ts'

export interface DutyDoor {
  /** Whoever has asked is answered first; nobody is waited for. */
  close(): Promise<void>
}

/** An order with a thousand persons is a hundredth of this. */
const LONGEST_ORDER = 16 * 1024 * 1024
const LONGEST_ANSWER = 1024 * 1024 * 1024
/** At a stop: whoever was answered has this long to take it, milliseconds. */
const TO_BE_READ_MS = 1000
/** `sun_path` of the kernel, with its zero. */
const LONGEST_PATH = 107

/** Only who has locked the data folder may call this: a socket that a killed process left is taken away. */
export async function openDutyDoor(
  data: string,
  talk: (conversation: Conversation) => Promise<void>,
): Promise<DutyDoor> {
  const path = doorOf(data)
  const under = new Map<Promise<void>, LineConversation>()
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    const conversation = new LineConversation(socket, LONGEST_ORDER)
    const talking = talk(conversation).finally(() => conversation.close())
    under.set(talking, conversation)
    void talking.finally(() => under.delete(talking))
  })
  if (process.platform !== 'win32') rmSync(path, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    const before = process.umask(0o177)
    server.listen(path, resolve)
    process.umask(before)
  })
  return {
    async close() {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
      for (const conversation of under.values()) conversation.hearNoMore()
      await Promise.allSettled(under.keys())
      // An officer's command that was suspended neither reads nor leaves.
      const cutting = setTimeout(() => {
        for (const socket of sockets) socket.destroy()
      }, TO_BE_READ_MS)
      await closed
      clearTimeout(cutting)
    },
  }
}

/** Undefined: nobody is there. */
export function knockAtDutyDoor(data: string): Promise<Conversation | undefined> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(doorOf(data))
    const failed = (fault: NodeJS.ErrnoException): void => {
      if (fault.code === 'ENOENT' || fault.code === 'ECONNREFUSED') resolve(undefined)
      else reject(fault)
    }
    socket.once('error', failed)
    socket.once('connect', () => {
      socket.off('error', failed)
      resolve(new LineConversation(socket, LONGEST_ANSWER))
    })
  })
}

/** Absolute or from here, whichever the kernel takes. */
function doorOf(data: string): string {
  const real = realpathSync(data)
  if (process.platform === 'win32') return `\\\\.\\pipe\\gongdao-${hash('sha256', real)}`
  const path = join(real, 'duties.sock')
  if (path.length <= LONGEST_PATH) return path
  const short = relative(process.cwd(), path)
  if (short.length <= LONGEST_PATH) return short
  throw new RangeError(
    `the path of the data folder is too long for a socket (${String(LONGEST_PATH)} bytes): start from a folder nearer to it`,
  )
}
