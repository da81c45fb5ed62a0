/** One chain's frames in order, as parts of chunks. Goes on where it stopped when the gateway was in the middle of a frame. */
import * as path from 'node:path'
import type { Carried, Chunk, Part } from '../../gateway/ledger/chunk.ts'
import type { Finding } from '../../gateway/ledger/finding.ts'
import type { HowToRead } from '../../gateway/ports/chain-source.ts'
import { damagedFrame, damagedSegment, tailNotZero } from './damage.ts'
import type { Place } from './damage.ts'
import { codeOf, NoFile } from './disk.ts'
import type { Disk } from './disk.ts'
import {
  chainTag,
  frameAt,
  isZero,
  misfit,
  nextFrame,
  readSegmentHeader,
  segmentHeaderLength,
} from './frame.ts'
import type { FrameView } from './frame.ts'
import { readSegment, segmentNumbers } from './recover.ts'
import { segmentName } from './segments.ts'

export interface JournalPlace {
  readonly disk: Disk
  readonly folder: string
  readonly origin: string
  readonly settle: () => Promise<void>
}

const ATTEMPTS = 4
const CHUNK_BYTES = 1024 * 1024

export class JournalReading {
  readonly #place: JournalPlace
  readonly #how: HowToRead
  readonly #tag: Buffer
  readonly #isTwoPhase: boolean
  /** The leaf that is due; undefined until the first segment that is read says so. */
  #due: number | undefined
  /** Leaves were read that no checkpoint covers yet. */
  #unsigned = false
  /** A segment that no frame was written to yet. */
  #empty: number | undefined

  constructor(place: JournalPlace, how: HowToRead) {
    this.#place = place
    this.#how = how
    this.#tag = chainTag(place.origin)
    this.#isTwoPhase = !place.origin.includes('/exchange/')
  }

  async *run(): AsyncGenerator<Chunk> {
    for (const number of this.#numbers()) {
      const isGood = yield* this.#segment(number)
      if (!isGood) return
    }
  }

  /** Segments whose leaves are all before `from` are left out; their headers say so. */
  #numbers(): readonly number[] {
    const numbers = segmentNumbers(this.#place.disk, this.#place.folder)
    if (this.#how.from === 0) return numbers
    const start = numbers.findLastIndex((number) => {
      const header = readSegmentHeader(readSegmentStart(this.#place, number))
      return header !== undefined && header.first <= this.#how.from
    })
    return numbers.slice(Math.max(0, start))
  }

  async *#segment(number: number): AsyncGenerator<Chunk, boolean> {
    let offset = 0
    for (let attempt = 1; ; attempt += 1) {
      const bytes = this.#read(number)
      if (bytes === 'gone') return true
      const frames = new Frames(bytes === 'no file' ? Buffer.alloc(0) : bytes)
      const damage =
        bytes === 'no file' ? this.#noFile(number) : this.#frames(number, offset, frames)
      offset = frames.end
      const isOver = damage === undefined || !this.#how.mayGrow || attempt === ATTEMPTS
      if (damage !== undefined && isOver) frames.damage(damage)
      yield* frames.chunks()
      if (isOver) return damage === undefined
      await this.#place.settle()
    }
  }

  /** `gone`: an unused spare of a gateway that was stopped meanwhile. */
  #read(number: number): Buffer | 'gone' | 'no file' {
    try {
      return readSegment(this.#place, number)
    } catch (fault) {
      if (codeOf(fault) === 'ENOENT') return 'gone'
      if (fault instanceof NoFile) return 'no file'
      throw fault
    }
  }

  #noFile(number: number): Finding {
    return damagedSegment(this.#at(number, 0), { last: undefined, why: 'it is no file' })
  }

  /** Takes frames from `start` on (0: from the header), and answers what is damaged. */
  #frames(number: number, start: number, frames: Frames): Finding | undefined {
    const { bytes } = frames
    if (start === 0) {
      if (isZero(bytes, 0, bytes.length)) {
        this.#empty ??= number
        return undefined
      }
      const wrong = this.#header(number, bytes)
      if (wrong !== undefined) return wrong
    }
    frames.end = start === 0 ? segmentHeaderLength(this.#place.origin) : start
    for (;;) {
      const place = this.#at(number, frames.end)
      const frame = frameAt(bytes, frames.end, this.#tag)
      if (frame.kind === 'bad') return this.#damaged(bytes, place, frame.why)
      if (frame.kind === 'end') return this.#tail(bytes, place)
      const misplaced = this.#misplaced(frame)
      if (misplaced !== undefined) return this.#outOfPlace(frame, place, misplaced)
      frames.add(frame, number)
      this.#unsigned = frame.type === 'leaves'
      this.#due = frame.first + frame.count
    }
  }

  #header(number: number, bytes: Buffer): Finding | undefined {
    const header = readSegmentHeader(bytes)
    this.#due ??= this.#how.from === 0 ? 0 : (header?.first ?? 0)
    const due = { number, origin: this.#place.origin, size: bytes.length, first: this.#due }
    const misfits = header === undefined ? 'its header is damaged' : misfit(header, due)
    const why = misfits ?? this.#followsEmpty()
    if (why === undefined) return undefined
    const next = nextFrame(bytes, 0, this.#tag)
    return damagedSegment(this.#at(number, 0), { last: next && lastOf(next), why })
  }

  #followsEmpty(): string | undefined {
    return this.#empty === undefined
      ? undefined
      : `it follows segment ${this.#empty}, which is empty`
  }

  /** What only a journal promises: in which order frames of a kind of chain stand. */
  #misplaced(frame: FrameView): string | undefined {
    if (frame.type === 'checkpoint') {
      return this.#unsigned && frame.count === 0
        ? undefined
        : 'a checkpoint stands where none is due'
    }
    if (this.#unsigned) return 'the checkpoint over the leaves before it is gone'
    return (frame.type === 'leaves') === this.#isTwoPhase
      ? undefined
      : 'it is not of this kind of chain'
  }

  #outOfPlace(
    { first }: FrameView,
    { chain, offset, segment, first: due }: Place,
    sentence: string,
  ): Finding {
    const index = Math.min(first, due)
    return { chain, kind: 'index-wrong', first: index, last: index, segment, offset, sentence }
  }

  /** Nothing but zeros may stand behind the last frame of a segment. */
  #tail(bytes: Buffer, place: Place): Finding | undefined {
    if (isZero(bytes, place.offset, bytes.length)) return undefined
    if (nextFrame(bytes, place.offset, this.#tag) !== undefined) {
      return this.#damaged(bytes, place, 'zeros stand where a frame is due')
    }
    return tailNotZero(place)
  }

  #damaged(bytes: Buffer, place: Place, why: string): Finding {
    return damagedFrame(place, { bytes, next: nextFrame(bytes, place.offset + 1, this.#tag), why })
  }

  #at(segment: number, offset: number): Place {
    return { chain: this.#place.origin, segment, offset, first: this.#due ?? 0 }
  }
}

function lastOf({ count, first }: FrameView): number {
  return first + Math.max(1, count) - 1
}

/** What was read of one segment, in chunks that stand in its memory. */
class Frames {
  readonly bytes: Buffer
  /** Where the next frame begins. */
  end = 0
  readonly #chunks: Part[][] = [[]]
  #from = 0
  readonly #starts: number[] = []

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  add({ count, end, first, offset, payload, type }: FrameView, segment: number): void {
    if (this.#starts.length === 0 || payload - this.#from >= CHUNK_BYTES) {
      if (this.#starts.length > 0) this.#chunks.push([])
      this.#starts.push(payload)
      this.#from = payload
    }
    const part: Carried = {
      type,
      first,
      count,
      start: payload - this.#from,
      end: end - this.#from,
      segment,
      offset,
    }
    this.#chunks.at(-1)?.push(part)
    this.end = end
  }

  damage(finding: Finding): void {
    this.#chunks.at(-1)?.push({ type: 'damage', finding, ends: true })
  }

  *chunks(): Generator<Chunk> {
    for (const [at, parts] of this.#chunks.entries()) {
      if (parts.length === 0) continue
      const start = this.#starts[at] ?? this.end
      const end = this.#starts[at + 1] ?? Math.max(start, this.end)
      yield { bytes: this.bytes.subarray(start, end), parts }
    }
  }
}

/** Enough of a segment for its header; empty where it is gone, or no file. */
function readSegmentStart({ disk, folder }: JournalPlace, number: number): Buffer {
  try {
    const file = disk.open(path.join(folder, segmentName(number)), 'read')
    try {
      const bytes = Buffer.alloc(4096)
      return bytes.subarray(0, file.read(bytes, 0))
    } finally {
      file.close()
    }
  } catch (fault) {
    if (codeOf(fault) === 'ENOENT' || fault instanceof NoFile) return Buffer.alloc(0)
    throw fault
  }
}
