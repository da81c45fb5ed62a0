/** What of a segment is worth keeping: its header and frames, up to the last one that a checkpoint covers. */
import { placeOf } from '../../gateway/ledger/entry-bytes.ts'
import { parseCheckpoint, parseNote } from '../../gateway/ledger/note.ts'
import type { Checkpoint } from '../../gateway/ledger/note.ts'
import { chainTag, frameAt, readSegmentHeader, segmentHeaderLength } from './frame.ts'
import type { FrameView } from './frame.ts'

export interface UsedPart {
  /** Empty where no frame was written to it yet. */
  readonly bytes: Buffer
  /** The checkpoint at its end, as it says; undefined where there is none. */
  readonly checkpoint: Checkpoint | undefined
}

export function usedPart(segment: Buffer): UsedPart {
  const header = readSegmentHeader(segment)
  if (header === undefined) return { bytes: segment.subarray(0, 0), checkpoint: undefined }
  const tag = chainTag(header.origin)
  let signed: FrameView | undefined
  let offset = segmentHeaderLength(header.origin)
  for (;;) {
    const frame = frameAt(segment, offset, tag)
    if (frame.kind !== 'frame') break
    offset = frame.end
    if (frame.type !== 'leaves') signed = frame
  }
  const bytes = segment.subarray(0, signed?.end ?? 0)
  return { bytes, checkpoint: signed && checkpointIn(segment, signed) }
}

function checkpointIn(segment: Buffer, { count, end, payload }: FrameView): Checkpoint | undefined {
  let at = payload
  for (let entry = 0; entry < count; entry += 1) {
    at = placeOf(segment, at, end, 'may lack its record')?.end ?? end
  }
  const note = parseNote(segment.toString('utf8', at, end))
  return note && parseCheckpoint(note.text)
}
