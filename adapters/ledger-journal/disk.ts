/** The little of a file system that the journal needs: narrow, so that tests can fail every write and cut the power. */
import * as fs from 'node:fs'
import * as path from 'node:path'

export interface DiskFile {
  size(): number
  /** Bytes read; fewer than asked only at the end of the file. */
  read(into: Uint8Array, position: number): number
  /** All bytes or a throw. They are not durable before `sync`. */
  write(bytes: Uint8Array, position: number): void
  /** The same for large amounts, off the main thread. */
  writeSlowly(bytes: Uint8Array, position: number): Promise<void>
  /** fdatasync. After a rejection the file MUST NOT be written again: the kernel may have dropped what it could not write. */
  sync(): Promise<void>
  close(): void
}

export interface Disk {
  /** With its parents, and their entries durable. */
  makeFolder(folder: string): Promise<void>
  /** Names, sorted; none where the folder does not exist. */
  list(folder: string): readonly string[]
  /** Throws `NoFile` where something else stands in its place. */
  open(file: string, how: 'read' | 'update'): DiskFile
  /** Throws EEXIST where the file exists. Off the main thread, as all that waits for the file system's own journal. */
  create(file: string): Promise<DiskFile>
  remove(file: string): void
  /** A whole file, with its folders; not made durable: for what can be made again. */
  writeLoosely(file: string, bytes: Uint8Array): Promise<void>
  readLoosely(file: string): Buffer | undefined
  /** Makes new and removed names durable. */
  syncFolder(folder: string): Promise<void>
}

/** A folder, a pipe, a socket or a device in the place of a file: nothing of ours makes one. */
export class NoFile extends Error {
  override readonly name = 'NoFile'
}

// Not blocking: a pipe that nobody writes to would hold up whoever opens it, for ever (open(2), fifo(7)).
const { O_NONBLOCK, O_RDONLY, O_RDWR } = fs.constants
const FLAGS = { read: O_RDONLY | O_NONBLOCK, update: O_RDWR | O_NONBLOCK } as const

export const nodeDisk: Disk = {
  async makeFolder(folder) {
    const made = fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
    if (made === undefined) return
    for (let at = path.resolve(folder); ; at = path.dirname(at)) {
      await nodeDisk.syncFolder(path.dirname(at))
      if (at === path.resolve(made)) return
    }
  },
  list(folder) {
    try {
      return fs.readdirSync(folder).sort()
    } catch (fault) {
      if (codeOf(fault) === 'ENOENT') return []
      throw fault
    }
  },
  open(file, how) {
    const fd = openOrNoFile(file, how)
    if (fs.fstatSync(fd).isFile()) return new NodeFile(fd)
    fs.closeSync(fd)
    throw new NoFile(`${file} is no file`)
  },
  create: (file) =>
    new Promise((resolve, reject) => {
      fs.open(file, 'wx+', 0o600, (fault, fd) => {
        if (fault === null) resolve(new NodeFile(fd))
        else reject(fault)
      })
    }),
  remove: (file) => fs.unlinkSync(file),
  async writeLoosely(file, bytes) {
    try {
      await fs.promises.writeFile(file, bytes, { mode: 0o600 })
    } catch (fault) {
      if (codeOf(fault) !== 'ENOENT') throw fault
      await fs.promises.mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
      await fs.promises.writeFile(file, bytes, { mode: 0o600 })
    }
  },
  readLoosely(file) {
    try {
      return fs.readFileSync(file)
    } catch (fault) {
      if (codeOf(fault) === 'ENOENT') return undefined
      throw fault
    }
  },
  async syncFolder(folder) {
    const handle = await fs.promises.open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
}

class NodeFile implements DiskFile {
  readonly #fd: number

  constructor(fd: number) {
    this.#fd = fd
  }

  size(): number {
    return fs.fstatSync(this.#fd).size
  }

  read(into: Uint8Array, position: number): number {
    let done = 0
    while (done < into.length) {
      const count = fs.readSync(this.#fd, into, done, into.length - done, position + done)
      if (count === 0) break
      done += count
    }
    return done
  }

  // Into the page cache of a file that has its blocks already: cheaper than a trip to the thread pool and back.
  write(bytes: Uint8Array, position: number): void {
    let done = 0
    while (done < bytes.length) {
      done += fs.writeSync(this.#fd, bytes, done, bytes.length - done, position + done)
    }
  }

  async writeSlowly(bytes: Uint8Array, position: number): Promise<void> {
    let done = 0
    while (done < bytes.length) {
      const from = done
      done += await new Promise<number>((resolve, reject) => {
        fs.write(this.#fd, bytes, from, bytes.length - from, position + from, (fault, count) => {
          if (fault === null) resolve(count)
          else reject(fault)
        })
      })
    }
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.#fd, (fault) => {
        if (fault === null) resolve()
        else reject(fault)
      })
    })
  }

  close(): void {
    fs.closeSync(this.#fd)
  }
}

// open(2) itself refuses a folder to write to, and a socket.
const NO_FILE_CODES: readonly (string | undefined)[] = ['EISDIR', 'ENXIO']

function openOrNoFile(file: string, how: keyof typeof FLAGS): number {
  try {
    return fs.openSync(file, FLAGS[how])
  } catch (fault) {
    if (NO_FILE_CODES.includes(codeOf(fault))) throw new NoFile(`${file} is no file`)
    throw fault
  }
}

/** Of an error of the system, e.g. `ENOENT`. */
export function codeOf(fault: unknown): string | undefined {
  if (typeof fault !== 'object' || fault === null || !('code' in fault)) return undefined
  return typeof fault.code === 'string' ? fault.code : undefined
}
