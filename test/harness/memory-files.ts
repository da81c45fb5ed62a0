/** Files of an export in memory: they can break off at every step, and lose what no folder was synced for. */
import { dirname } from 'node:path'
import type { Files } from '../../adapters/ledger-tiles/files.ts'

export class BrokenOff extends Error {}

export class MemoryFiles implements Files {
  /** By path. */
  readonly files = new Map<string, Buffer>()
  /** What a power cut leaves. */
  readonly #durable = new Map<string, Buffer>()
  /** Steps until it breaks off; absent: never. */
  stepsLeft: number | undefined
  steps = 0

  read(file: string): Buffer | undefined {
    return this.files.get(file)
  }

  write(file: string, bytes: Uint8Array): Promise<void> {
    this.#step()
    this.files.set(file, Buffer.from(bytes))
    return Promise.resolve()
  }

  sync(folders: readonly string[]): Promise<void> {
    this.#step()
    for (const [file, bytes] of this.files) {
      if (folders.includes(dirname(file))) this.#durable.set(file, bytes)
    }
    return Promise.resolve()
  }

  remove(file: string): Promise<void> {
    this.#step()
    this.files.delete(file)
    return Promise.resolve()
  }

  /** All that no folder was synced for is lost, or, as `keeps` says, not. */
  cutPower(keeps: (file: string) => boolean): void {
    for (const [file, bytes] of this.files) if (keeps(file)) this.#durable.set(file, bytes)
    this.files.clear()
    for (const [file, bytes] of this.#durable) this.files.set(file, bytes)
  }

  copy(): MemoryFiles {
    const other = new MemoryFiles()
    for (const [file, bytes] of this.files) {
      other.files.set(file, bytes)
      other.#durable.set(file, bytes)
    }
    return other
  }

  #step(): void {
    this.steps += 1
    if (this.stepsLeft === undefined) return
    if (this.stepsLeft === 0) throw new BrokenOff('broken off')
    this.stepsLeft -= 1
  }
}
