/**
 * The journal of one chain: its batches as frames in segment files, durable by fdatasync.
 *
 * MUST be opened once only (lock.ts), and MUST NOT be used after a rejected `append`: the process stops and recovers by
 * reading.
 */
import { HEADROOM } from '../../gateway/ledger/storage.ts'
import type { Frame, Storage } from '../../gateway/ledger/storage.ts'
import { LONGEST_NOTE } from '../../gateway/ledger/entry-bytes.ts'
import {
  FRAME_HEADER,
  chainTag,
  segmentHeaderLength,
  writeFrameHeader,
  writeSegmentHeader,
} from './frame.ts'
import type { FramePlace } from './recover.ts'
import type { Segment, Segments } from './segments.ts'

/** Where the next frame goes. */
export interface Position {
  readonly segment: Segment
  readonly offset: number
}

export interface JournalParts {
  readonly origin: string
  readonly segmentBytes: number
  readonly segments: Segments
  /** Undefined where no segment is in use. */
  readonly position: Position | undefined
  /** Told where each frame stands that is durable. */
  readonly onFrame: (place: FramePlace) => void
}

/** A frame of a smaller batch than this is never split, whatever the segment size. */
export const SMALLEST_SEGMENT = 256 * 1024
/** Fits into every segment (segmentSize). */
const LARGEST_FRAME = 1000 * 1024

export class Journal implements Storage {
  readonly largestFrame: number
  readonly #origin: string
  readonly #tag: Buffer
  readonly #segments: Segments
  readonly #segmentHeader: number
  readonly #onFrame: JournalParts['onFrame']
  #segment: Segment | undefined
  #offset = 0
  #dead = false

  constructor(parts: JournalParts) {
    this.#origin = parts.origin
    this.#tag = chainTag(parts.origin)
    this.#segments = parts.segments
    this.#onFrame = parts.onFrame
    this.#segment = parts.position?.segment
    this.#offset = parts.position?.offset ?? 0
    this.#segmentHeader = segmentHeaderLength(parts.origin)
    const headers = this.#segmentHeader + 2 * FRAME_HEADER
    if (headers > HEADROOM) throw new RangeError('the name of the chain is too long')
    if (parts.segmentBytes < SMALLEST_SEGMENT) throw new RangeError('segments are too small')
    this.largestFrame = Math.min(parts.segmentBytes - headers - LONGEST_NOTE, LARGEST_FRAME)
  }

  get room(): 'all' | 'finishes' {
    return this.#segments.room
  }

  reserve(frames: number, bytes: number, finishes: boolean): Promise<boolean> | boolean {
    const needed = this.#segmentHeader + frames * FRAME_HEADER + bytes
    if (this.#segment !== undefined && this.#offset + needed <= this.#segment.size) return true
    return this.#nextSegment(finishes)
  }

  async #nextSegment(finishes: boolean): Promise<boolean> {
    const segment = await this.#segments.take(finishes)
    if (segment === undefined) return false
    this.#segment?.file.close()
    this.#segment = segment
    this.#offset = 0
    return true
  }

  async append(frame: Frame): Promise<void> {
    const segment = this.#segment
    if (this.#dead || segment === undefined) throw new Error('the journal is not open for writing')
    // Whatever happens between here and the end, what is on the disk is unknown.
    this.#dead = true
    const start = this.#writeHeaders(frame, segment)
    segment.file.write(frame.buffer.subarray(start, frame.end), this.#offset)
    await segment.file.sync()
    const at = this.#offset + frame.start - FRAME_HEADER - start
    this.#offset += frame.end - start
    this.#dead = false
    this.#onFrame({ segment: segment.number, offset: at, first: frame.first })
  }

  /** Into the free bytes in front of the payload; answers where they begin. */
  #writeHeaders(frame: Frame, segment: Segment): number {
    const { buffer, count, end, first, type } = frame
    const at = frame.start - FRAME_HEADER
    writeFrameHeader(buffer, at, end, { count, first, tag: this.#tag, type })
    if (this.#offset > 0) return at
    const { number, size } = segment
    writeSegmentHeader(buffer, at - this.#segmentHeader, {
      first,
      number,
      origin: this.#origin,
      size,
    })
    return at - this.#segmentHeader
  }

  async close(): Promise<void> {
    this.#dead = true
    this.#segment?.file.close()
    this.#segment = undefined
    await this.#segments.close()
  }
}
