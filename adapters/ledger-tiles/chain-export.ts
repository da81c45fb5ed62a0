/** One chain's leaves, records, notes and tiles, written from where an earlier export ended. What the earlier one holds stays whole. */
import * as path from 'node:path'
import type { Carried, Chunk } from '../../gateway/ledger/chunk.ts'
import { checkpointText } from '../../gateway/ledger/checkpoint.ts'
import { placeOf } from '../../gateway/ledger/entry-bytes.ts'
import { leafHash } from '../../gateway/ledger/hash.ts'
import type { TreeHash } from '../../gateway/ledger/hash.ts'
import { parseNote, signersOf } from '../../gateway/ledger/note.ts'
import type { NoteKey } from '../../gateway/ledger/note.ts'
import { RightEdge } from '../../gateway/ledger/right-edge.ts'
import {
  TILE,
  TileTree,
  bundleBytes,
  hashesOfTile,
  tileBytes,
  tilePath,
  tilePlace,
} from '../../gateway/ledger/tile-tree.ts'
import type { Tile } from '../../gateway/ledger/tile-tree.ts'
import type { Files } from './files.ts'
import { bundlePath } from './layout.ts'
import type { Bundle, ExportedHead } from './layout.ts'

/** What is to be exported, or what was, does not fit together: nothing was replaced. */
export class ExportRefused extends Error {
  override readonly name = 'ExportRefused'
}

export interface ChainExportOptions {
  readonly files: Files
  /** The export, and the folder of the chain in it. */
  readonly top: string
  readonly folder: string
  readonly origin: string
  readonly key: NoteKey
  /** How far the export came before. */
  readonly before: ExportedHead | undefined
}

interface HeldLeaf {
  readonly leaf: Buffer
  readonly record: Buffer
  readonly hash: TreeHash
}

interface Growing {
  readonly entries: Buffer[]
  readonly records: Buffer[]
  readonly checkpoints: Buffer[]
}

export class ChainExport {
  /** The leaf to read from: the first of the tile that was not full. */
  readonly from: number
  readonly #options: ChainExportOptions
  readonly #tree: TileTree
  readonly #edge: RightEdge
  /** Leaves that no checkpoint covers yet: they are not exported. */
  readonly #held: HeldLeaf[] = []
  /** By number: bundles that are not written yet. */
  readonly #bundles = new Map<number, Growing>()
  readonly #fullTiles: Tile[] = []
  readonly #folders = new Set<string>()
  #note: string | undefined

  constructor(options: ChainExportOptions) {
    const { before } = options
    this.#options = options
    this.from = Math.floor((before?.size ?? 0) / TILE) * TILE
    const growing = this.#growingTiles(before?.size ?? 0)
    this.#tree = new TileTree((tile) => this.#fullTiles.push(tile), { size: this.from, growing })
    this.#edge = new RightEdge(this.#tree.edge())
  }

  /** Folders whose names must be durable before the new head is. */
  get folders(): readonly string[] {
    return [...this.#folders]
  }

  /** The newest note; undefined where the chain has none. */
  get note(): string | undefined {
    return this.#note
  }

  get size(): number {
    return this.#edge.size
  }

  async take({ bytes, parts }: Chunk): Promise<void> {
    for (const part of parts) {
      if (part.type === 'damage') throw this.#refused(part.finding.sentence)
      this.#part(part, bytes)
    }
    await this.#writeFull()
  }

  /** Writes what is not full, and answers the files that the earlier export needs and this one does not. */
  async finish(): Promise<readonly string[]> {
    await this.#writeFull()
    const { before } = this.#options
    if (before !== undefined && before.size > this.size) {
      throw this.#refused(`it has ${this.size} leaves, ${before.size} were exported before`)
    }
    for (const tile of this.#tree.partial()) await this.#tile(tile, tile.hashes.length)
    for (const [number, growing] of this.#bundles) await this.#bundle(number, growing)
    const now = new Set(partialFiles(this.size))
    return partialFiles(before?.size ?? 0).filter((file) => !now.has(file))
  }

  /** Of an earlier export: the tiles above level 0 that were not full. Those of level 0 come from the leaves again. */
  #growingTiles(size: number): TreeHash[][] {
    const growing: TreeHash[][] = [[]]
    for (let level = 1; TILE ** level <= size; level += 1) {
      const { number, width } = tilePlace(size, level)
      const bytes = width === 0 ? Buffer.alloc(0) : this.#read(tilePath(level, number, width))
      const hashes = hashesOfTile(bytes, width)
      if (hashes === undefined)
        throw this.#refused(`a tile of the earlier export is damaged: level ${level}, ${number}`)
      growing.push(hashes)
    }
    return growing
  }

  #read(file: string): Buffer | undefined {
    return this.#options.files.read(path.join(this.#options.folder, file))
  }

  #part(part: Carried, bytes: Buffer): void {
    let at = part.start
    for (let index = part.first; index < part.first + part.count; index += 1) {
      const place = placeOf(bytes, at, part.end, 'may lack its record')
      if (place === undefined) throw this.#refused(`leaf ${index} is damaged`)
      at = place.end
      if (index < this.from) continue
      if (index !== this.#edge.size + this.#held.length)
        throw this.#refused(`leaf ${index} is not the one that is due`)
      this.#held.push({
        leaf: bytes.subarray(place.hashedAt + 1, place.end),
        record: bytes.subarray(place.record, place.recordEnd),
        hash: leafHash(bytes.subarray(place.hashedAt, place.end)),
      })
    }
    if (part.type !== 'leaves' && part.first + part.count > this.from)
      this.#signed(bytes.toString('utf8', at, part.end))
  }

  /** From here on what was held is the log's word. */
  #signed(note: string): void {
    for (const { hash, leaf, record } of this.#held.splice(0)) {
      const { entries, records } = this.#growing(Math.floor(this.#edge.size / TILE))
      entries.push(leaf)
      records.push(record)
      this.#edge.push(hash)
      this.#tree.push(hash)
    }
    const { before, origin } = this.#options
    const { size } = this.#edge
    const root = this.#edge.root()
    if (!note.startsWith(`${checkpointText(origin, size, root)}\n`)) {
      throw this.#refused(`the checkpoint over ${size} leaves does not fit them`)
    }
    if (before?.size === size && before.root !== root) {
      throw this.#refused(`its ${size} leaves are not those that were exported before`)
    }
    this.#growing(Math.floor((size - 1) / TILE)).checkpoints.push(Buffer.from(note))
    this.#note = note
  }

  #growing(number: number): Growing {
    const growing = this.#bundles.get(number) ?? { entries: [], records: [], checkpoints: [] }
    this.#bundles.set(number, growing)
    return growing
  }

  async #writeFull(): Promise<void> {
    for (const tile of this.#fullTiles.splice(0)) await this.#tile(tile)
    for (const [number, growing] of this.#bundles) {
      if ((number + 1) * TILE > this.#edge.size) continue
      await this.#bundle(number, growing)
      this.#bundles.delete(number)
    }
  }

  #tile(tile: Tile, width?: number): Promise<void> {
    return this.#write(tilePath(tile.level, tile.number, width), tileBytes(tile))
  }

  async #bundle(number: number, growing: Growing): Promise<void> {
    const width = growing.entries.length
    for (const bundle of ['entries', 'records', 'checkpoints'] as const) {
      await this.#write(bundlePath(bundle, number, width), bundleBytes(growing[bundle]))
    }
  }

  async #write(file: string, bytes: Buffer): Promise<void> {
    const { files, folder, top } = this.#options
    const whole = path.join(folder, file)
    await files.write(whole, bytes)
    // Each of them may be new.
    for (let at = path.dirname(whole); at.length >= top.length; at = path.dirname(at))
      this.#folders.add(at)
  }

  /** The newest note must be the log's own; older ones are covered by it. */
  checkSignature(): void {
    const { key } = this.#options
    const note = parseNote(this.#note ?? '')
    if (note !== undefined && signersOf(note, [key])?.[0] !== key) {
      throw this.#refused('its newest checkpoint is not signed by the pinned key')
    }
  }

  #refused(why: string): ExportRefused {
    return new ExportRefused(
      `${this.#options.origin} was not exported: ${why}. The export is as it was. Run gongdao verify.`,
    )
  }
}

/** Files of tiles and bundles that are not full at a size. */
function partialFiles(size: number): string[] {
  const files: string[] = []
  for (let level = 0; TILE ** level <= size; level += 1) {
    const { number, width } = tilePlace(size, level)
    if (width > 0) files.push(tilePath(level, number, width))
  }
  const { number, width } = tilePlace(size, 0)
  const bundles: readonly Bundle[] = width === 0 ? [] : ['entries', 'records', 'checkpoints']
  return [...files, ...bundles.map((bundle) => bundlePath(bundle, number, width))]
}
