/** Leaves of an open chain read back from its journal, with proofs in its newest durable checkpoint. */
import * as path from 'node:path'
import {
  consistencyProof,
  inclusionProof,
  isConsistent,
  rangeRoot,
  rootFromInclusion,
} from '../../gateway/ledger/proofs.ts'
import { base64OfTreeHash, leafHash } from '../../gateway/ledger/hash.ts'
import type { TreeHash } from '../../gateway/ledger/hash.ts'
import type { DurableLeaves } from '../../gateway/ledger/chain.ts'
import { placeOf } from '../../gateway/ledger/entry-bytes.ts'
import { parseCheckpoint, parseNote } from '../../gateway/ledger/note.ts'
import type { Checkpoint } from '../../gateway/ledger/note.ts'
import { proofText } from '../../gateway/ledger/tlog-proof.ts'
import type { KeptLeaf, LeafReader } from '../../gateway/ports/leaf-reader.ts'
import type { Disk } from './disk.ts'
import { chainTag, segmentHeaderLength } from './frame.ts'
import { framesIn } from './frames-in.ts'
import type { ReadFrame } from './frames-in.ts'
import { TILE } from '../../gateway/ledger/tile-tree.ts'
import { HashTiles } from './hash-tiles.ts'
import { segmentNumbers } from './recover.ts'
import type { FramePlace } from './recover.ts'
import { segmentName } from './segments.ts'

export interface LeafArchiveOptions {
  readonly disk: Disk
  readonly folder: string
  readonly origin: string
  /** Of a chain that has ended. */
  readonly isOver?: boolean
}

interface StoredEntry {
  readonly index: number
  readonly bytes: Buffer
  readonly record: string
  readonly leaf: string
}

export class LeafArchive implements LeafReader {
  readonly #options: LeafArchiveOptions
  readonly #tiles: HashTiles
  /** One frame for every 256 leaves or so; between them frames are walked. */
  readonly #places: FramePlace[] = []
  #note = ''

  constructor(options: LeafArchiveOptions) {
    this.#options = options
    this.#tiles = new HashTiles({ ...options, leavesOf: (number) => this.#leavesOf(number) })
  }

  get origin(): string {
    return this.#options.origin
  }

  /** Where a durable frame stands. */
  frame(place: FramePlace): void {
    if (place.first >= (this.#places.at(-1)?.first ?? -TILE) + TILE) this.#places.push(place)
  }

  leaves(_first: number, hashes: readonly TreeHash[]): void {
    this.#tiles.add(hashes)
  }

  signed(note: string | undefined): void {
    this.#note = note ?? this.#note
  }

  /** For `openChain`: what is durable now. */
  keep = ({ first, hashes, note }: DurableLeaves): void => {
    this.leaves(first, hashes)
    this.#note = note
  }

  /** The newest durable checkpoint; undefined while there is none. */
  checkpoint(): string | undefined {
    return this.#note === '' ? undefined : this.#note
  }

  /** Proof that the tree of `note`, a checkpoint that this chain has had, begins with its tree of `old` leaves. */
  consistency(old: number, note: string): readonly TreeHash[] {
    const { node } = this.#tiles
    const signed = parseCheckpoint(parseNote(note)?.text ?? '')
    if (signed === undefined) throw new RangeError('not a checkpoint')
    const proof = consistencyProof(node, old, signed.size)
    const before = { size: old, root: rangeRoot(node, 0, old) }
    if (isConsistent(before, signed, proof)) return proof
    this.#tiles.distrustFiles()
    return consistencyProof(node, old, signed.size)
  }

  async read(index: number, note = this.#note): Promise<KeptLeaf | undefined> {
    const checkpoint = parseCheckpoint(parseNote(note)?.text ?? '')
    if (checkpoint === undefined || !(index >= 0 && index < checkpoint.size)) return undefined
    // Taken by destructuring, which also ends the reading and closes the file.
    const [entry] = this.#entries(index, index + 1)
    if (entry === undefined) return undefined
    const { leaf, record } = entry
    // Pruned: the leaf is there, what it says is in the archive.
    if (record === '') return undefined
    const lines = this.#proof(entry, checkpoint).map((hash) => `${base64OfTreeHash(hash)}\n`)
    return {
      leaf,
      record,
      proof: (extra) => proofText({ index, lines: lines.join(''), note, extra }),
    }
  }

  /** Tiles are not trusted: where they do not lead to the signed root, the journal is asked. */
  #proof({ bytes, index }: StoredEntry, { root, size }: Checkpoint): readonly TreeHash[] {
    const proof = inclusionProof(this.#tiles.node, index, size)
    if (rootFromInclusion(leafHash(bytes), { index, size }, proof) === root) return proof
    this.#tiles.distrustFiles()
    return inclusionProof(this.#tiles.node, index, size)
  }

  #leavesOf(tile: number): readonly TreeHash[] {
    const entries = [...this.#entries(tile * TILE, (tile + 1) * TILE)]
    return entries.map(({ bytes }) => leafHash(bytes))
  }

  /** Entries [from, to), from the nearest known frame on. */
  *#entries(from: number, to: number): Generator<StoredEntry, undefined> {
    for (const { bytes, frame } of this.#frames(from)) {
      let at = frame.payload
      for (let index = frame.first; index < frame.first + frame.count; index += 1) {
        if (index >= to) return
        const place = placeOf(bytes, at, frame.end, 'may lack its record')
        if (place === undefined) return
        at = place.end
        if (index < from) continue
        yield {
          index,
          bytes: bytes.subarray(place.hashedAt, place.end),
          leaf: bytes.toString('latin1', place.hashedAt + 1, place.end),
          record: bytes.toString('utf8', place.record, place.recordEnd),
        }
      }
    }
    return
  }

  *#frames(index: number): Generator<ReadFrame> {
    const start = this.#places.findLast(({ first }) => first <= index)
    if (start === undefined) return
    const { disk, folder, origin } = this.#options
    const tag = chainTag(origin)
    for (const number of segmentNumbers(disk, folder)) {
      if (number < start.segment) continue
      const file = disk.open(path.join(folder, segmentName(number)), 'read')
      try {
        const from = number === start.segment ? start.offset : segmentHeaderLength(origin)
        yield* framesIn(file, from, tag)
      } finally {
        file.close()
      }
    }
  }
}
