/**
 * Every chain of a source as C2SP tiles in a folder. Incremental: what is full stays. Atomic: all chains' heads stand in one file, which
 * is replaced once everything that they need is durable; until then, whatever breaks off, the folder is the earlier export.
 */
import * as path from 'node:path'
import { bundleBytes } from '../../gateway/ledger/tile-tree.ts'
import type { PinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import type { ChainSource } from '../../gateway/ports/chain-source.ts'
import { ChainExport, ExportRefused } from './chain-export.ts'
import { nodeFiles } from './files.ts'
import type { Files } from './files.ts'
import { HEADS, chainIn, checkpointOf, readHeads } from './layout.ts'
import type { ExportedHead } from './layout.ts'

export interface ExportOptions {
  readonly source: ChainSource
  readonly keys: PinnedKeys
  readonly to: string
  readonly files?: Files
  readonly onProgress?: (leaves: number) => void
}

export interface Exported {
  readonly chains: number
  /** In the export now. */
  readonly leaves: number
  /** That were not in it before. */
  readonly added: number
}

/** A registry grows while exchange chains are read: once more then, but not for ever. */
const MOST_ROUNDS = 5

/** Throws `ExportRefused`; the folder is the earlier export then. */
export async function exportLedger(options: ExportOptions): Promise<Exported> {
  const registry = options.keys.registry?.name
  if (registry === undefined)
    throw new RangeError('the keys name no registry: a line <instance>/registry+… is missing')
  return new LedgerExport(options, registry).run()
}

class LedgerExport {
  readonly #options: ExportOptions
  readonly #registry: string
  readonly #files: Files
  readonly #before: ReadonlyMap<string, ExportedHead>
  readonly #heads: Map<string, ExportedHead>
  readonly #stale = new Map<string, readonly string[]>()
  readonly #folders = new Set<string>()
  #done = 0

  constructor(options: ExportOptions, registry: string) {
    this.#options = options
    this.#registry = registry
    this.#files = options.files ?? nodeFiles
    this.#before = readHeads(this.#files, options.to)
    this.#heads = new Map(this.#before)
  }

  async run(): Promise<Exported> {
    // A chain may have seen a registry that is newer than what was read of it, and one may have been closed meanwhile.
    for (let round = 1; round <= MOST_ROUNDS; round += 1) {
      const size = this.#heads.get(this.#registry)?.size
      for (const { origin } of await this.#options.source.chains()) {
        if (origin !== undefined) await this.#chain(origin)
      }
      await this.#chain(this.#registry)
      if (this.#heads.get(this.#registry)?.size === size) break
    }
    await this.#publish()
    const leaves = sum(this.#heads)
    return { chains: this.#heads.size, leaves, added: leaves - sum(this.#before) }
  }

  async #chain(origin: string): Promise<void> {
    const { keys, onProgress, source, to } = this.#options
    const key = keys.forChain(origin)
    if (key === undefined)
      throw new ExportRefused(`${origin} was not exported: no pinned key is for it`)
    const folder = chainIn(to, origin)
    const chain = new ChainExport({
      files: this.#files,
      top: to,
      folder,
      origin,
      key,
      before: this.#heads.get(origin),
    })
    for await (const chunk of source.read(origin, { from: chain.from, mayGrow: true })) {
      await chain.take(chunk)
      onProgress?.(this.#done + chain.size)
    }
    this.#stale.set(origin, [...(this.#stale.get(origin) ?? []), ...(await chain.finish())])
    chain.checkSignature()
    for (const each of chain.folders) this.#folders.add(each)
    const checkpoint = checkpointOf(chain.note ?? '')
    if (chain.note !== undefined && checkpoint !== undefined)
      this.#heads.set(origin, { ...checkpoint, note: chain.note })
    this.#done += chain.size - chain.from
  }

  async #publish(): Promise<void> {
    const { to } = this.#options
    const heads = [...this.#heads.values()]
    await this.#files.sync([...this.#folders].sort())
    // Before the heads name a chain that they did not: wherever this breaks off, every chain of the heads has its file `checkpoint`.
    await this.#checkpoints(heads.filter(({ origin }) => !this.#before.has(origin)))
    const notes = heads.map(({ note }) => Buffer.from(note))
    await this.#files.write(path.join(to, HEADS), bundleBytes(notes))
    await this.#files.sync([to])
    await this.#checkpoints(heads)
    for (const [origin, files] of this.#stale) {
      for (const file of files) await this.#files.remove(path.join(chainIn(to, origin), file))
    }
  }

  async #checkpoints(heads: readonly ExportedHead[]): Promise<void> {
    for (const { note, origin } of heads) {
      const folder = chainIn(this.#options.to, origin)
      const file = path.join(folder, 'checkpoint')
      if (this.#files.read(file)?.toString('utf8') === note) continue
      await this.#files.write(file, Buffer.from(note))
      await this.#files.sync([folder])
    }
  }
}

function sum(heads: ReadonlyMap<string, ExportedHead>): number {
  return [...heads.values()].reduce((all, { size }) => all + size, 0)
}
