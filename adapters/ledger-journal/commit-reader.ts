/**
 * Reads commits back from a journal that may be open for writing meanwhile. Where leaves and checkpoint are frames of their own
 * (registry, consent), the two are one commit: one that a crash left without its checkpoint is none yet.
 */
import * as path from 'node:path'
import type { ChainJournal, Commit } from '../../gateway/ports/chain-journal.ts'
import { nodeDisk } from './disk.ts'
import type { Disk } from './disk.ts'
import { chainTag, readSegmentHeader, segmentHeaderLength } from './frame.ts'
import { framesIn } from './frames-in.ts'
import type { ReadFrame } from './frames-in.ts'
import { segmentNumbers } from './recover.ts'
import { segmentName } from './segments.ts'

export interface CommitReaderOptions {
  readonly folder: string
  readonly origin: string
  readonly disk?: Disk
}

/** Where a commit begins. */
interface Place {
  readonly first: number
  readonly segment: number
  readonly offset: number
}

interface PlacedFrame extends ReadFrame {
  readonly segment: number
  readonly offset: number
}

const MOST_ENDS = 4
const EVERYTHING = Number.MAX_SAFE_INTEGER

export class CommitReader implements ChainJournal {
  readonly #disk: Disk
  readonly #folder: string
  readonly #origin: string
  readonly #tag: Buffer
  /**
   * Behind what was read last, for some who read in turn (one to send, one to compare): each mostly goes on there, and whoever does not
   * walks a whole segment.
   */
  readonly #ends: Place[] = []

  constructor({ disk = nodeDisk, folder, origin }: CommitReaderOptions) {
    this.#disk = disk
    this.#folder = folder
    this.#origin = origin
    this.#tag = chainTag(origin)
  }

  read(from: number, to: number, mostBytes: number): readonly Commit[] {
    const commits: Commit[] = []
    let bytes = 0
    let next: Place | undefined
    for (const { commit, end } of this.#commits(from, to)) {
      if (commit.first > from && commits.length === 0) return []
      bytes += commit.payload.length
      if (commits.length > 0 && bytes > mostBytes) break
      if (commit.first < from) continue
      commits.push(commit)
      next = end
    }
    if (next !== undefined) this.#remember(from, next)
    return commits
  }

  /** The commit with which the chain has `size` leaves; undefined where none ends there. */
  endingAt(size: number): Commit | undefined {
    const start = this.#segmentOf(segmentNumbers(this.#disk, this.#folder), size - 1)
    if (start === undefined) return undefined
    for (const { commit, end } of this.#commits(start.first, size, start)) {
      if (end.first === size) return commit
    }
    return undefined
  }

  #remember(from: number, end: Place): void {
    const at = this.#ends.findIndex(({ first }) => first === from)
    if (at >= 0) this.#ends.splice(at, 1)
    else if (this.#ends.length === MOST_ENDS) this.#ends.shift()
    this.#ends.push(end)
  }

  /** Leaves of all whole commits; of a journal that nobody writes to. Reads the newest segments only. */
  size(): number {
    const offset = segmentHeaderLength(this.#origin)
    for (const segment of segmentNumbers(this.#disk, this.#folder).toReversed()) {
      const first = this.#firstOf(segment)
      if (first === Infinity) continue
      let size: number | undefined
      const commits = this.#commits(first, EVERYTHING, { first, segment, offset })
      for (const { commit } of commits) size = commit.first + commit.count
      // Leaves may stand at the end of a segment, and the checkpoint over them in the next one.
      if (size !== undefined) return size
    }
    return 0
  }

  *#commits(
    from: number,
    to: number,
    start = this.#ends.find(({ first }) => first === from),
  ): Generator<{ commit: Commit; end: Place }, undefined> {
    if (from >= to) return
    let leaves: PlacedFrame | undefined
    for (const placed of this.#frames(start, from)) {
      const { frame, segment } = placed
      if (frame.first + frame.count > to) return
      if (frame.type === 'leaves') {
        leaves = placed
      } else {
        const commit = frame.type === 'batch' ? whole(placed) : joined(leaves, placed)
        const first = frame.first + frame.count
        const end = { first, segment, offset: placed.offset + frame.end }
        if (commit !== undefined) yield { commit, end }
        if (first >= to) return
      }
    }
    return
  }

  *#frames(start: Place | undefined, from: number): Generator<PlacedFrame, undefined> {
    const at = start ?? this.#segmentOf(segmentNumbers(this.#disk, this.#folder), from)
    if (at === undefined) return
    yield* this.#segment(at.segment, at.offset)
    // Mostly the reader has what it wants before this, and the folder is not listed at all.
    for (const number of segmentNumbers(this.#disk, this.#folder)) {
      if (number > at.segment) yield* this.#segment(number, segmentHeaderLength(this.#origin))
    }
    return
  }

  *#segment(segment: number, from: number): Generator<PlacedFrame, undefined> {
    const file = this.#disk.open(path.join(this.#folder, segmentName(segment)), 'read')
    let offset = from
    try {
      for (const { bytes, frame } of framesIn(file, from, this.#tag)) {
        yield { bytes, frame, segment, offset }
        offset += bytes.length
      }
    } finally {
      file.close()
    }
    return
  }

  /** The last segment that begins with this leaf or one before. */
  #segmentOf(numbers: readonly number[], index: number): Place | undefined {
    const offset = segmentHeaderLength(this.#origin)
    return numbers
      .toReversed()
      .map((segment) => ({ segment, offset, first: this.#firstOf(segment) }))
      .find(({ first }) => first <= index)
  }

  /** Infinity where the segment was never used. */
  #firstOf(segment: number): number {
    const file = this.#disk.open(path.join(this.#folder, segmentName(segment)), 'read')
    try {
      const bytes = Buffer.alloc(segmentHeaderLength(this.#origin))
      file.read(bytes, 0)
      return readSegmentHeader(bytes)?.first ?? Infinity
    } finally {
      file.close()
    }
  }
}

function whole({ bytes, frame }: PlacedFrame): Commit {
  const { count, end, first, payload } = frame
  return { first, count, payload: bytes.subarray(payload, end) }
}

function joined(leaves: PlacedFrame | undefined, checkpoint: PlacedFrame): Commit | undefined {
  if (leaves === undefined) return undefined
  const { first, count, payload } = whole(leaves)
  return { first, count, payload: Buffer.concat([payload, whole(checkpoint).payload]) }
}
