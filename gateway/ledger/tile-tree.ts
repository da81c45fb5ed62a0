/**
 * The tree as C2SP tiles (c2sp.org/tlog-tiles): 256 hashes a tile, level 0 the leaf hashes, each level above the roots of the full tiles
 * below. Tiles come out as they are full; what is not full yet is asked for.
 */
import { nodeHash } from './hash.ts'
import type { TreeHash } from './hash.ts'
import type { Edge } from './tree.ts'

export const TILE = 256

export interface Tile {
  readonly level: number
  readonly number: number
  readonly hashes: readonly TreeHash[]
}

export class TileTree {
  #size: number
  /** By level: hashes of the tile that is not full yet. */
  readonly #growing: TreeHash[][]
  readonly #onFull: (tile: Tile) => void

  constructor(
    onFull: (tile: Tile) => void,
    begun: { size: number; growing: TreeHash[][] } = { size: 0, growing: [] },
  ) {
    this.#onFull = onFull
    this.#size = begun.size
    this.#growing = begun.growing
  }

  get size(): number {
    return this.#size
  }

  push(leaf: TreeHash): void {
    this.#size += 1
    let hash = leaf
    let [level, covers] = [0, TILE]
    for (;;) {
      const hashes = (this.#growing[level] ??= [])
      hashes.push(hash)
      if (hashes.length < TILE) return
      this.#growing[level] = []
      this.#onFull({ level, number: this.#size / covers - 1, hashes })
      hash = perfectRoot(hashes)
      level += 1
      covers *= TILE
    }
  }

  /** Tiles that are not full and not empty. */
  partial(): Tile[] {
    return this.#growing.flatMap((hashes, level) =>
      hashes.length === 0 ? [] : { level, number: tilePlace(this.#size, level).number, hashes },
    )
  }

  edge(): Edge {
    const peaks: (TreeHash | undefined)[] = []
    for (const [level, hashes] of this.#growing.entries()) {
      let at = 0
      for (let bit = 7; bit >= 0; bit -= 1) {
        const width = 2 ** bit
        if (hashes.length - at < width) continue
        peaks[level * 8 + bit] = perfectRoot(hashes.slice(at, at + width))
        at += width
      }
    }
    return { size: this.#size, peaks: Array.from(peaks) }
  }
}

/** The tile at the right of a tree of this size: its number, and how many hashes it has (0: it would be empty). */
export function tilePlace(
  size: number,
  level: number,
): { readonly number: number; readonly width: number } {
  const hashes = Math.floor(size / TILE ** level)
  return { number: Math.floor(hashes / TILE), width: hashes % TILE }
}

/** Root of a power of two of hashes; throws RangeError where there is none. */
export function perfectRoot(hashes: readonly TreeHash[]): TreeHash {
  const [only] = hashes
  if (only === undefined) throw new RangeError('no such node in the tree')
  if (hashes.length === 1) return only
  const parents: TreeHash[] = []
  for (let at = 0; at < hashes.length; at += 2) {
    parents.push(nodeHash(hashes[at] ?? '', hashes[at + 1] ?? ''))
  }
  return perfectRoot(parents)
}

/** `tile/<level>/<number>[.p/<width>]`: groups of three digits, all but the last behind an `x`. `width` absent: a full tile. */
export function tilePath(level: number | 'entries', number: number, width?: number): string {
  return `tile/${level}/${numberPath(number, width)}`
}

export function numberPath(number: number, width?: number): string {
  const digits = String(number)
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0')
  const groups = padded.match(/.{3}/g) ?? []
  const names = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group))
  return names.join('/') + (width === undefined ? '' : `.p/${width}`)
}

export function tileBytes({ hashes }: Pick<Tile, 'hashes'>): Buffer {
  return Buffer.from(hashes.join(''), 'latin1')
}

/** Undefined unless the bytes are so many hashes. */
export function hashesOfTile(bytes: Buffer | undefined, width: number): TreeHash[] | undefined {
  if (bytes?.length !== width * 32) return undefined
  const text = bytes.toString('latin1')
  return Array.from({ length: width }, (_, at) => text.slice(at * 32, at * 32 + 32))
}

/** Entries of a bundle: `uint16 length || bytes`, one after the other. */
export function bundleBytes(entries: readonly Uint8Array[]): Buffer {
  const parts = entries.flatMap((entry) => {
    const length = Buffer.alloc(2)
    length.writeUInt16BE(entry.length)
    return [length, entry]
  })
  return Buffer.concat(parts)
}

/** As many as fit; `isWhole`: nothing is left over. */
export function entriesOfBundle(bytes: Buffer): {
  readonly entries: Buffer[]
  readonly isWhole: boolean
} {
  const entries: Buffer[] = []
  let at = 0
  while (at + 2 <= bytes.length) {
    const end = at + 2 + bytes.readUInt16BE(at)
    if (end > bytes.length) break
    entries.push(bytes.subarray(at + 2, end))
    at = end
  }
  return { entries, isWhole: at === bytes.length }
}
