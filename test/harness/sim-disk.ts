/**
 * A disk in memory that forgets what was not synced when the power goes: each unsynced write may be there, in part, or not
 * at all, in any order; a file whose name was not synced may be gone. Every operation can be failed.
 */
import * as path from 'node:path'
import type { Disk, DiskFile } from '../../adapters/ledger-journal/disk.ts'

interface Node {
  current: Buffer
  durable: Buffer
  isNamed: boolean
  unsynced: { readonly position: number; readonly bytes: Buffer }[]
}

export type Operation = 'create' | 'write' | 'sync' | 'syncFolder'
const SECTOR = 512

export class SimDisk implements Disk {
  readonly #files = new Map<string, Node>()
  /** Called before an operation; a throw fails it. */
  before: (operation: Operation, file: string) => void = () => undefined
  /** Called when it was carried out; a throw reports it lost although it was kept. */
  after: (operation: Operation, file: string) => void = () => undefined
  /** Awaited by every sync. */
  gate: Promise<void> = Promise.resolve()
  /** How long an operation takes; absent: no time. */
  wait: ((operation: Operation) => Promise<void>) | undefined
  /** For the proof that the tests would notice: sync answers at once and does nothing. */
  syncIsSkipped = false
  /** Bytes that all files together may have. */
  capacity = Infinity

  async makeFolder(): Promise<void> {
    // Folders are names only.
  }

  files(): string[] {
    return [...this.#files.keys()].sort()
  }

  list(folder: string): string[] {
    const below = `${folder}/`
    const names = [...this.#files.keys()]
      .filter((file) => file.startsWith(below))
      .map((file) => file.slice(below.length).split('/')[0] ?? '')
    return [...new Set(names)].sort()
  }

  open(file: string): DiskFile {
    return this.#handle(file)
  }

  async create(file: string): Promise<DiskFile> {
    await this.wait?.('create')
    if (this.#files.has(file)) throw failure('EEXIST')
    this.before('create', file)
    this.#files.set(file, {
      current: Buffer.alloc(0),
      durable: Buffer.alloc(0),
      isNamed: false,
      unsynced: [],
    })
    this.after('create', file)
    return this.#handle(file)
  }

  remove(file: string): void {
    this.#files.delete(file)
  }

  async writeLoosely(file: string, bytes: Uint8Array): Promise<void> {
    const current = Buffer.from(bytes)
    this.#files.set(file, { current, durable: current, isNamed: true, unsynced: [] })
  }

  readLoosely(file: string): Buffer | undefined {
    return this.#files.get(file)?.current
  }

  async syncFolder(folder: string): Promise<void> {
    await this.wait?.('syncFolder')
    this.before('syncFolder', folder)
    for (const [file, node] of this.#files) if (path.dirname(file) === folder) node.isNamed = true
    this.after('syncFolder', folder)
  }

  /** What the next start finds. `chance` answers [0, 1). */
  powerCut(chance: () => number): SimDisk {
    const next = new SimDisk()
    for (const [file, node] of this.#files) {
      if (!node.isNamed && chance() < 0.5) continue
      const content = survivors(node, chance)
      next.#files.set(file, {
        current: content,
        durable: Buffer.from(content),
        isNamed: true,
        unsynced: [],
      })
    }
    return next
  }

  /** What is there for certain, whatever happens now: shown, not copied. */
  durable(): SimDisk {
    const next = new SimDisk()
    for (const [file, { durable, isNamed }] of this.#files) {
      if (isNamed) next.#files.set(file, { current: durable, durable, isNamed, unsynced: [] })
    }
    return next
  }

  /** What a kill -9 leaves: the page cache survives, and is still to be synced. */
  kill(): SimDisk {
    const next = new SimDisk()
    for (const [file, { current, durable, isNamed, unsynced }] of this.#files) {
      next.#files.set(file, {
        current: Buffer.from(current),
        durable: Buffer.from(durable),
        isNamed,
        unsynced: [...unsynced],
      })
    }
    return next
  }

  #node(file: string): Node {
    const node = this.#files.get(file)
    if (node === undefined) throw failure('ENOENT')
    return node
  }

  #handle(file: string): DiskFile {
    const node = this.#node(file)
    const write = (bytes: Uint8Array, position: number): void => {
      this.before('write', file)
      this.#write(node, Buffer.from(bytes), position)
      this.after('write', file)
    }
    return {
      size: () => node.current.length,
      // Behind its end a file has no byte, as pread(2) says; `copy` would throw.
      read: (into, position) => node.current.subarray(position).copy(into),
      write,
      writeSlowly: async (bytes, position) => {
        write(bytes, position)
      },
      sync: async () => {
        if (this.syncIsSkipped) return
        // What is written while it syncs is not part of it.
        const written = node.unsynced.length
        await this.gate
        await this.wait?.('sync')
        this.before('sync', file)
        makeDurable(node, written)
        this.after('sync', file)
      },
      close: () => undefined,
    }
  }

  #write(node: Node, bytes: Buffer, position: number): void {
    const end = position + bytes.length
    if (end > node.current.length) {
      const used = [...this.#files.values()].reduce((sum, { current }) => sum + current.length, 0)
      if (used + end - node.current.length > this.capacity) throw failure('ENOSPC')
      node.current = Buffer.concat([node.current, Buffer.alloc(end - node.current.length)])
    }
    bytes.copy(node.current, position)
    node.unsynced.push({ position, bytes })
  }
}

function makeDurable(node: Node, written: number): void {
  if (node.durable.length < node.current.length) {
    const grown = Buffer.alloc(node.current.length)
    node.durable.copy(grown)
    node.durable = grown
  }
  for (const { bytes, position } of node.unsynced.splice(0, written))
    bytes.copy(node.durable, position)
}

function survivors(node: Node, chance: () => number): Buffer {
  const length = chance() < 0.5 ? node.durable.length : node.current.length
  const content = Buffer.alloc(Math.max(length, node.durable.length))
  node.durable.copy(content)
  for (const { bytes, position } of [...node.unsynced].sort(() => chance() - 0.5)) {
    if (chance() < 0.3) continue
    for (let at = 0; at < bytes.length; at += SECTOR) {
      if (chance() < 0.5)
        bytes.copy(content, position + at, at, Math.min(at + SECTOR, bytes.length))
    }
  }
  return content
}

export function failure(code: string): Error {
  return Object.assign(new Error(code), { code })
}
