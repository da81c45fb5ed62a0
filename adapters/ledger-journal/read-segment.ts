/** One whole segment's entries, with or without their records. */
import { parseLeaf } from '../../gateway/ledger/leaf.ts'
import type { LeafKind } from '../../gateway/ledger/entry.ts'
import { placeOf } from '../../gateway/ledger/entry-bytes.ts'
import { chainTag, frameAt, readSegmentHeader, segmentHeaderLength } from './frame.ts'

export interface SegmentEntry {
  readonly index: number
  readonly kind: LeafKind
  /** Undefined where it was taken away. */
  readonly record: string | undefined
}

/** Throws where it is damaged: whoever asks must not go on from half of it. */
export function* segmentEntries(segment: Buffer): Generator<SegmentEntry, undefined> {
  const header = readSegmentHeader(segment)
  if (header === undefined) throw new Error('the header of a segment is damaged')
  const tag = chainTag(header.origin)
  let offset = segmentHeaderLength(header.origin)
  for (;;) {
    const frame = frameAt(segment, offset, tag)
    if (frame.kind === 'end') return
    if (frame.kind === 'bad') throw new Error(`a frame of ${header.origin} is damaged`)
    let at = frame.payload
    for (let count = 0; count < frame.count; count += 1) {
      const place = placeOf(segment, at, frame.end, 'may lack its record')
      const leaf = place && parseLeaf(segment.toString('latin1', place.hashedAt + 1, place.end))
      if (place === undefined || leaf === undefined) throw new Error('an entry is damaged')
      const record = segment.toString('utf8', place.record, place.recordEnd)
      yield {
        index: frame.first + count,
        kind: leaf.kind,
        record: record === '' ? undefined : record,
      }
      at = place.end
    }
    offset = frame.end
  }
}
