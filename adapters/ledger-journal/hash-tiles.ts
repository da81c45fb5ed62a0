/**
 * The tree's hashes in C2SP tiles: 256 a tile, level 0 the leaf hashes, each level above the roots of the full tiles below. Full
 * tiles are files, written without fsync: a projection, made again from the journal where one is missing.
 */
import * as path from 'node:path'
import type { TreeHash } from '../../gateway/ledger/hash.ts'
import {
  TILE,
  hashesOfTile,
  perfectRoot,
  tileBytes,
  tilePath,
} from '../../gateway/ledger/tile-tree.ts'
import type { Disk } from './disk.ts'

export interface HashTilesOptions {
  readonly disk: Disk
  /** Where `tile/<level>/<number>` go. */
  readonly folder: string
  /** Leaf hashes of [256 * number, 256 * (number + 1)), from the journal itself. */
  readonly leavesOf: (number: number) => readonly TreeHash[]
  /** A chain that has ended: its tiles were written while it grew. */
  readonly isOver?: boolean
}

export class HashTiles {
  readonly #options: HashTilesOptions
  /** By level: hashes of the tile that is not full yet. */
  readonly #growing: TreeHash[][] = []
  /** Full tiles whose files are not written yet. */
  readonly #writing = new Map<string, readonly TreeHash[]>()
  #size = 0
  /** Whether files are believed; what they lead to is compared with a signed root. */
  #believes = true

  constructor(options: HashTilesOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#size
  }

  add(hashes: readonly TreeHash[]): void {
    for (const hash of hashes) this.#push(0, hash)
    this.#size += hashes.length
  }

  /** A `NodeSource` for proofs. Throws where neither tiles nor journal hold the node. */
  node = (level: number, position: number): TreeHash => {
    const tileLevel = Math.floor(level / 8)
    const width = 2 ** (level % 8)
    const first = position * width
    const tile = this.#tile(tileLevel, Math.floor(first / TILE))
    return perfectRoot(tile.slice(first % TILE, (first % TILE) + width))
  }

  /** From now on everything comes from the journal: a tile on disk was found wrong. */
  distrustFiles(): void {
    this.#believes = false
  }

  #push(level: number, hash: TreeHash): void {
    const growing = (this.#growing[level] ??= [])
    growing.push(hash)
    if (growing.length < TILE) return
    const number = Math.floor(this.#countAt(level) / TILE)
    this.#growing[level] = []
    this.#counts[level] = (number + 1) * TILE
    if (this.#options.isOver !== true) this.#write(level, number, growing)
    this.#push(level + 1, perfectRoot(growing))
  }

  /** Hashes in full tiles, by level. */
  readonly #counts: number[] = []

  #countAt(level: number): number {
    return this.#counts[level] ?? 0
  }

  #tile(level: number, number: number): readonly TreeHash[] {
    if (number * TILE === this.#countAt(level)) return this.#growing[level] ?? []
    return this.#read(level, number) ?? this.#written(level, number)
  }

  /** One that a crash or a restored backup left out is made once. */
  #written(level: number, number: number): readonly TreeHash[] {
    const rebuilt = this.#rebuilt(level, number)
    if (this.#believes) this.#write(level, number, rebuilt)
    return rebuilt
  }

  #rebuilt(level: number, number: number): readonly TreeHash[] {
    if (level === 0) return this.#options.leavesOf(number)
    return Array.from({ length: TILE }, (_, at) =>
      perfectRoot(this.#tile(level - 1, number * TILE + at)),
    )
  }

  #write(level: number, number: number, hashes: readonly TreeHash[]): void {
    const { disk, folder } = this.#options
    const file = path.join(folder, tilePath(level, number))
    this.#writing.set(file, hashes)
    // A projection: where it can't be written `#rebuilt` makes it again. A full disk shows where it matters, in the journal.
    const done = (): boolean => this.#writing.delete(file)
    void disk.writeLoosely(file, tileBytes({ hashes })).then(done, done)
  }

  #read(level: number, number: number): readonly TreeHash[] | undefined {
    const { disk, folder } = this.#options
    const file = path.join(folder, tilePath(level, number))
    const onTheWay = this.#writing.get(file)
    if (onTheWay !== undefined) return onTheWay
    if (!this.#believes) return undefined
    return hashesOfTile(disk.readLoosely(file), TILE)
  }
}
