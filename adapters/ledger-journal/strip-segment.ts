/**
 * A segment without its records: the same frames, leaves and checkpoints, so that the tree, every proof and every signature stand as
 * before; only what the leaves were about is gone. It takes the place of the whole one in one step: a crash leaves one or the other.
 */
import * as fs from 'node:fs'
import * as path from 'node:path'
import { placeOf } from '../../gateway/ledger/entry-bytes.ts'
import type { Disk } from './disk.ts'
import {
  FRAME_HEADER,
  chainTag,
  frameAt,
  readSegmentHeader,
  segmentHeaderLength,
  writeFrameHeader,
  writeSegmentHeader,
} from './frame.ts'
import type { FrameView } from './frame.ts'
import { segmentName } from './segments.ts'

/** Throws where the segment is not whole. */
export function stripped(segment: Buffer): Buffer {
  const header = readSegmentHeader(segment)
  if (header === undefined) throw new Error('a segment without its header can’t be pruned')
  const tag = chainTag(header.origin)
  const into = Buffer.alloc(segment.length)
  let from = segmentHeaderLength(header.origin)
  let to = from
  for (;;) {
    const frame = frameAt(segment, from, tag)
    if (frame.kind === 'bad') throw new Error('a damaged segment can’t be pruned')
    if (frame.kind === 'end') break
    to = copyFrame(frame, segment, { into, at: to, tag })
    from = frame.end
  }
  writeSegmentHeader(into, 0, { ...header, size: to })
  return into.subarray(0, to)
}

/** Answers where the next frame goes. */
function copyFrame(
  { count, end, first, payload, type }: FrameView,
  segment: Buffer,
  { at, into, tag }: { readonly into: Buffer; readonly at: number; readonly tag: Buffer },
): number {
  let from = payload
  let to = at + FRAME_HEADER
  for (let entry = 0; entry < count; entry += 1) {
    const place = placeOf(segment, from, end, 'may lack its record')
    if (place === undefined) throw new Error('a damaged segment can’t be pruned')
    into.writeUInt16BE(0, to)
    to += 2 + segment.copy(into, to + 2, place.recordEnd, place.end)
    from = place.end
  }
  to += segment.copy(into, to, from, end)
  writeFrameHeader(into, at, to, { type, tag, first, count })
  return to
}

/** Resolves when the segment without records survives a power cut in place of the whole one. */
export async function replaceSegment(
  { disk, folder }: { readonly disk: Disk; readonly folder: string },
  number: number,
  bytes: Buffer,
): Promise<void> {
  const file = path.join(folder, segmentName(number))
  const temporary = `${file}.new`
  fs.rmSync(temporary, { force: true })
  const written = await disk.create(temporary)
  try {
    await written.writeSlowly(bytes, 0)
    await written.sync()
  } finally {
    written.close()
  }
  fs.renameSync(temporary, file)
  await disk.syncFolder(folder)
}
