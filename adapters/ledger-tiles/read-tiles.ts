/** One chain of an export, tile by tile: leaves and records from their bundles, each leaf held against its tile, each tile against the one above. */
import * as path from 'node:path'
import type { Chunk, Damage, Part } from '../../gateway/ledger/chunk.ts'
import type { Finding } from '../../gateway/ledger/finding.ts'
import { leafHashOf } from '../../gateway/ledger/hash.ts'
import type { TreeHash } from '../../gateway/ledger/hash.ts'
import {
  TILE,
  TileTree,
  entriesOfBundle,
  hashesOfTile,
  perfectRoot,
  tileBytes,
  tilePath,
  tilePlace,
} from '../../gateway/ledger/tile-tree.ts'
import type { Tile } from '../../gateway/ledger/tile-tree.ts'
import { ChunkOfTile } from './chunk-of-tile.ts'
import type { Files } from './files.ts'
import { bundlePath } from './layout.ts'
import type { Bundle, ExportedHead } from './layout.ts'

export interface TilesPlace {
  readonly files: Files
  /** Of the chain. */
  readonly folder: string
  readonly head: ExportedHead
}

type Kind = 'tile-damaged' | 'leaf-altered'

export class TilesReading {
  readonly #place: TilesPlace
  readonly #from: number
  /** Made again from the leaves: the tiles above level 0 must be the same. Only from leaf 0 on. */
  readonly #tree: TileTree | undefined
  readonly #above: Damage[] = []
  readonly #notes = new Set<string>()

  constructor(place: TilesPlace, from: number) {
    this.#place = place
    this.#from = Math.floor(from / TILE)
    this.#tree = this.#from === 0 ? new TileTree((tile) => this.#compare(tile)) : undefined
  }

  *run(): Generator<Chunk, void> {
    const { note, size } = this.#place.head
    for (let number = this.#from; number * TILE < size; number += 1) {
      const chunk = this.#tile(number, Math.min(TILE, size - number * TILE))
      yield chunk
      if (chunk.parts.some((part) => part.type === 'damage' && part.ends)) return
    }
    for (const tile of this.#tree?.partial() ?? []) this.#compare(tile)
    const end = new ChunkOfTile(size)
    end.note(Buffer.from(note), size)
    yield end.chunk([...this.#above, ...this.#checkpoint()])
  }

  #tile(number: number, width: number): Chunk {
    const first = number * TILE
    const last = first + width - 1
    const entries = this.#bundle('entries', number, width)
    const records = this.#bundle('records', number, width)
    const notes = this.#bundle('checkpoints', number, width)
    const hashes = entries.entries.map((leaf) => leafHashOf(leaf.toString('latin1')))
    const damages: Part[] = [...this.#tiles(number, hashes, width), ...notes.damages]
    const chunk = new ChunkOfTile(first)
    // A record's place is lost behind one that does not fit: from there on none is there.
    chunk.leaves(entries.entries.slice(0, width), records.entries)
    for (const note of notes.entries) this.#notes.add(note.toString('utf8'))
    const rest =
      entries.entries.length < width
        ? this.#damage(
            'tile-damaged',
            [first + entries.entries.length, last],
            'its entries are not there, or do not fit',
            true,
          )
        : undefined
    if (entries.entries.length > width) damages.push(...entries.damages)
    damages.push(...records.damages)
    for (const hash of hashes) this.#tree?.push(hash)
    return chunk.withNotes(notes.entries, { damages, rest })
  }

  /** What stands in a bundle, and what is wrong with it as a file. */
  #bundle(
    bundle: Bundle,
    number: number,
    width: number,
  ): { readonly entries: readonly Buffer[]; readonly damages: readonly Damage[] } {
    const name = bundlePath(bundle, number, width)
    const range = [number * TILE, number * TILE + width - 1] as const
    const bytes = this.#read(name)
    if (bytes === undefined)
      return { entries: [], damages: [this.#damage('tile-damaged', range, `${name} is not there`)] }
    const { entries, isWhole } = entriesOfBundle(bytes)
    const isGood = isWhole && (bundle === 'checkpoints' || entries.length === width)
    return {
      entries,
      damages: isGood
        ? []
        : [this.#damage('tile-damaged', range, `${name} has not the entries that it must have`)],
    }
  }

  /** Level 0 against the leaves, and against level 1: of two that differ, the one that a third confirms is right. */
  #tiles(number: number, ours: readonly TreeHash[], width: number): Damage[] {
    const first = number * TILE
    const range = [first, first + width - 1] as const
    const name = tilePath(0, number, width === TILE ? undefined : width)
    const theirs = hashesOfTile(this.#read(name), width)
    if (theirs === undefined) {
      const sentence = `${name} is not there, or has another length`
      return [this.#damage('tile-damaged', range, sentence)]
    }
    const above = width === TILE ? this.#above1(number) : undefined
    const isConfirmed = (hashes: readonly TreeHash[]): boolean =>
      above !== undefined && hashes.length === width && perfectRoot(hashes) === above
    const at = theirs.findIndex((hash, index) => hash !== (ours[index] ?? hash))
    if (at >= 0) return [this.#differs(name, first + at, isConfirmed(ours))]
    const isWhole = above === undefined || ours.length < width || isConfirmed(theirs)
    const sentence = `${name} is not the tile that level 1 names`
    return isWhole ? [] : [this.#damage('tile-damaged', range, sentence)]
  }

  #differs(name: string, index: number, isTileWrong: boolean): Damage {
    const range = [index, index] as const
    return isTileWrong
      ? this.#damage(
          'tile-damaged',
          range,
          `${name} has another leaf ${index} than entries and level 1`,
        )
      : this.#damage('leaf-altered', range, `leaf ${index} is not the one that ${name} names`, true)
  }

  /** What level 1 says of a full tile of level 0. */
  #above1(number: number): TreeHash | undefined {
    const tile = Math.floor(number / TILE)
    const { number: partial, width } = tilePlace(this.#place.head.size, 1)
    const bytes = this.#read(tilePath(1, tile, tile === partial ? width : undefined))
    return hashesOfTile(bytes, tile === partial ? width : TILE)?.[number % TILE]
  }

  /** A tile that was made again from the leaves against the file. Level 0 was looked at already. */
  #compare(tile: Tile): void {
    const { hashes, level, number } = tile
    if (level === 0) return
    const name = tilePath(level, number, hashes.length === TILE ? undefined : hashes.length)
    if (this.#read(name)?.equals(tileBytes(tile)) === true) return
    const covers = TILE ** (level + 1)
    const last = Math.min(this.#place.head.size, (number + 1) * covers) - 1
    this.#above.push(
      this.#damage(
        'tile-damaged',
        [number * covers, last],
        `${name} is not made of the leaves below it`,
      ),
    )
  }

  /** What C2SP clients begin with. An export that broke off at its end may have left the one before: the heads are what is verified. */
  #checkpoint(): Damage[] {
    const own = this.#read('checkpoint')?.toString('utf8')
    if (own === undefined)
      return [this.#damage('tile-damaged', undefined, 'its file checkpoint is not there')]
    const isKnown = own === this.#place.head.note || this.#notes.has(own)
    // Where only the end was read, an older one can't be known.
    if (isKnown || this.#from > 0) return []
    const sentence = "its file checkpoint is not one of the chain's checkpoints"
    return [this.#damage('tile-damaged', undefined, sentence)]
  }

  #read(file: string): Buffer | undefined {
    return this.#place.files.read(path.join(this.#place.folder, file))
  }

  #damage(
    kind: Kind,
    range: readonly [number, number] | undefined,
    sentence: string,
    ends = false,
  ): Damage {
    const [first, last] = range ?? []
    const where = first === undefined || last === undefined ? {} : { first, last }
    const finding: Finding = { chain: this.#place.head.origin, kind, ...where, sentence }
    return { type: 'damage', finding, ends }
  }
}
