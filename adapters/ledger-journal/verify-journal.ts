/** One chain's journal read from its bytes, frame by frame, for an auditor: nothing is repaired, everything is reported. */
import type { ChainCheck } from '../../gateway/ledger/check-chain.ts'
import type { Counts, Finding } from '../../gateway/ledger/finding.ts'
import { codeOf } from './disk.ts'
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
import { damagedFrame, damagedSegment, tailNotZero } from './damage.ts'
import type { Place } from './damage.ts'
import { readSegment, segmentNumbers } from './recover.ts'

export interface JournalSource {
  readonly disk: Disk
  readonly folder: string
  readonly origin: string
  /** A gateway may be writing to it now: its newest bytes are read again before they are called damaged. */
  readonly mayGrow: boolean
  /** Resolves when what a gateway is writing now will have been written. */
  readonly settle: () => Promise<void>
  readonly counts: Counts
  readonly report: (finding: Finding) => void
  readonly onProgress: () => void
}

/** Feeds `check` with every frame. Answers whether the chain could be read to its end. */
export async function verifyJournal(source: JournalSource, check: ChainCheck): Promise<boolean> {
  const reading = new JournalReading(source, check)
  for (const number of segmentNumbers(source.disk, source.folder)) {
    if (!(await reading.segment(number))) return false
    source.onProgress()
  }
  return reading.finish()
}

const ATTEMPTS = 4

class JournalReading {
  readonly #source: JournalSource
  readonly #check: ChainCheck
  readonly #tag: Buffer
  /** A segment that no frame was written to yet. */
  #empty: number | undefined

  constructor(source: JournalSource, check: ChainCheck) {
    this.#source = source
    this.#check = check
    this.#tag = chainTag(source.origin)
  }

  async segment(number: number): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      const bytes = this.#read(number)
      if (bytes === undefined) return true
      const damage = this.#segmentOnce(number, bytes)
      if (damage === undefined) return true
      if (damage === 'reported') return false
      if (!this.#source.mayGrow || attempt === ATTEMPTS) {
        this.#source.report(damage)
        return false
      }
      await this.#source.settle()
    }
  }

  finish(): boolean {
    if (!this.#check.unsigned || this.#source.mayGrow) return true
    const size = this.#check.edge.size
    this.#source.report({
      chain: this.#source.origin,
      kind: 'checkpoint-missing',
      first: size - 1,
      last: size - 1,
      sentence: 'no checkpoint covers the newest leaves',
    })
    return false
  }

  /** Undefined where the file is gone: an unused spare of a gateway that was stopped meanwhile. */
  #read(number: number): Buffer | undefined {
    try {
      return readSegment(this.#source, number)
    } catch (fault) {
      if (codeOf(fault) === 'ENOENT') return undefined
      throw fault
    }
  }

  readonly #offsets = new Map<number, number>()

  /** What is damaged, `reported` where the check has said so itself. Goes on where it stopped when called again. */
  #segmentOnce(number: number, bytes: Buffer): Finding | 'reported' | undefined {
    const before = this.#offsets.get(number)
    if (before === undefined) {
      if (isZero(bytes, 0, bytes.length)) {
        this.#empty ??= number
        return undefined
      }
      const wrong = this.#header(number, bytes)
      if (wrong !== undefined) return wrong
    }
    let offset = before ?? segmentHeaderLength(this.#source.origin)
    for (;;) {
      this.#offsets.set(number, offset)
      const frame = frameAt(bytes, offset, this.#tag)
      if (frame.kind === 'bad') return this.#damaged(bytes, this.#place(number, offset), frame.why)
      if (frame.kind === 'end') return this.#tail(number, bytes, offset)
      const { count, end, first, payload, type } = frame
      this.#source.counts.bytes += end - offset
      const fits = this.#check.frame({
        bytes,
        count,
        end,
        first,
        payload,
        type,
        offset,
        segment: number,
      })
      if (!fits) return 'reported'
      offset = end
    }
  }

  #header(number: number, bytes: Buffer): Finding | undefined {
    const { origin } = this.#source
    const due = { number, origin, size: bytes.length, first: this.#check.edge.size }
    const header = readSegmentHeader(bytes)
    const why = header === undefined ? 'its header is damaged' : misfit(header, due)
    if (why === undefined && this.#empty === undefined) return undefined
    const next = nextFrame(bytes, 0, this.#tag)
    return damagedSegment(this.#place(number, 0), {
      last: next && next.first + Math.max(1, next.count) - 1,
      why: why ?? `it follows segment ${this.#empty ?? 0}, which is empty`,
    })
  }

  /** Nothing but zeros may stand behind the last frame of a segment. */
  #tail(number: number, bytes: Buffer, offset: number): Finding | undefined {
    if (isZero(bytes, offset, bytes.length)) return undefined
    if (nextFrame(bytes, offset, this.#tag) !== undefined) {
      return this.#damaged(bytes, this.#place(number, offset), 'zeros stand where a frame is due')
    }
    return tailNotZero(this.#place(number, offset))
  }

  #damaged(bytes: Buffer, place: Place, why: string): Finding {
    return damagedFrame(place, { bytes, next: nextFrame(bytes, place.offset + 1, this.#tag), why })
  }

  #place(segment: number, offset: number): Place {
    return { chain: this.#source.origin, segment, offset, first: this.#check.edge.size }
  }
}
