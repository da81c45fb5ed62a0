/** What frames say, checked as they are read: the tree grows with them, and each checkpoint must fit it. */
import { checkpointText } from '../../gateway/ledger/checkpoint.ts'
import { placeOf } from '../../gateway/ledger/entry-bytes.ts'
import type { Place } from '../../gateway/ledger/entry-bytes.ts'
import { digestOf, leafHash } from '../../gateway/ledger/hash.ts'
import type { TreeHash } from '../../gateway/ledger/hash.ts'
import { parseLeaf } from '../../gateway/ledger/leaf.ts'
import type { Leaf } from '../../gateway/ledger/leaf.ts'
import { EMPTY_EDGE, Growth, rootOf } from '../../gateway/ledger/tree.ts'
import type { Edge } from '../../gateway/ledger/tree.ts'
import type { FrameView } from './frame.ts'

export interface ReadEntry {
  readonly index: number
  readonly leaf: Leaf
  readonly leafText: string
  /** RFC 8785 text. */
  readonly record: string
}

export interface ReplayOptions {
  readonly origin: string
  readonly twoPhase: boolean
  readonly visit?: ((entry: ReadEntry) => void) | undefined
  readonly onLeaves?: ((first: number, hashes: readonly TreeHash[]) => void) | undefined
}

export class Replay {
  readonly #options: ReplayOptions
  #edge: Edge = EMPTY_EDGE
  #note: string | undefined
  #unsigned = false

  constructor(options: ReplayOptions) {
    this.#options = options
  }

  get edge(): Edge {
    return this.#edge
  }

  /** The newest checkpoint. */
  get note(): string | undefined {
    return this.#note
  }

  /** Whether leaves are durable that no checkpoint covers yet. */
  get unsigned(): boolean {
    return this.#unsigned
  }

  /** What is wrong with the frame; undefined where it fits. */
  frame(bytes: Buffer, frame: FrameView): string | undefined {
    if (frame.type === 'checkpoint') return this.#checkpoint(bytes, frame)
    if (this.#unsigned) return 'leaves follow leaves that no checkpoint covers'
    if ((frame.type === 'leaves') !== this.#options.twoPhase)
      return 'it is not of this kind of chain'
    if (frame.first !== this.#edge.size) {
      return `it begins with leaf ${frame.first} where leaf ${this.#edge.size} is due`
    }
    return this.#leaves(bytes, frame)
  }

  #leaves(bytes: Buffer, frame: FrameView): string | undefined {
    const hashes: TreeHash[] = []
    let at = frame.payload
    for (let count = 0; count < frame.count; count += 1) {
      const place = placeOf(bytes, at, frame.end, this.#entries())
      if (place === undefined) return 'its entries do not fit into it'
      hashes.push(leafHash(bytes.subarray(place.hashedAt, place.end)))
      const index = frame.first + count
      if (!this.#entry(bytes, place, index)) return `leaf ${index} does not fit its record`
      at = place.end
    }
    if (hashes.length === 0) return 'it holds no leaf'
    this.#edge = new Growth(this.#edge, hashes).edge
    this.#options.onLeaves?.(frame.first, hashes)
    this.#unsigned = frame.type === 'leaves'
    if (!this.#unsigned) return this.#signed(bytes.toString('utf8', at, frame.end))
    return at === frame.end ? undefined : 'something stands behind its leaves'
  }

  #entry(bytes: Buffer, place: Place, index: number): boolean {
    const leafText = bytes.toString('utf8', place.hashedAt + 1, place.end)
    const leaf = parseLeaf(leafText)
    const record = bytes.subarray(place.record, place.recordEnd)
    if (record.length === 0) return leaf !== undefined
    if (leaf?.record !== digestOf(record)) return false
    this.#options.visit?.({ index, leaf, leafText, record: record.toString() })
    return true
  }

  /** Records of exchange chains are taken away when their time is over; whether it was, `gongdao verify` says. */
  #entries(): 'whole' | 'may lack its record' {
    return this.#options.twoPhase ? 'whole' : 'may lack its record'
  }

  #checkpoint(bytes: Buffer, frame: FrameView): string | undefined {
    if (!this.#unsigned || frame.count !== 0 || frame.first !== this.#edge.size) {
      return 'a checkpoint stands where none is due'
    }
    this.#unsigned = false
    return this.#signed(bytes.toString('utf8', frame.payload, frame.end))
  }

  #signed(note: string): string | undefined {
    const text = checkpointText(this.#options.origin, this.#edge.size, rootOf(this.#edge))
    if (!note.startsWith(`${text}\n`)) return 'its checkpoint does not fit its leaves'
    this.#note = note
    return undefined
  }
}
