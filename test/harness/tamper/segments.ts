/** A journal's segments taken apart, and put together again as somebody would who knows the format. */
import { crc32 } from 'node:zlib'
import { join } from 'node:path'
import { chainFolder } from '../../../adapters/ledger-journal/folders.ts'
import { chainTag, frameAt, segmentHeaderLength } from '../../../adapters/ledger-journal/frame.ts'
import type { FrameView } from '../../../adapters/ledger-journal/frame.ts'
import { placeOf } from '../../../gateway/ledger/entry-bytes.ts'
import type { TamperLedger } from './ledger.ts'

export interface Segment {
  readonly file: string
  readonly origin: string
  readonly bytes: Buffer
  readonly frames: readonly Framed[]
}

export interface Framed extends FrameView {
  /** Bytes of each entry, and of the checkpoint behind them (empty where there is none). */
  readonly entries: readonly Buffer[]
  readonly note: Buffer
}

export function segmentsOf(
  ledger: Pick<TamperLedger, 'data' | 'files'>,
  origin: string,
): Segment[] {
  const folder = chainFolder(ledger.data, origin)
  return [...ledger.files]
    .filter(([file]) => file.startsWith(join(folder, '0')) && file.endsWith('.seg'))
    .map(([file, bytes]) => ({ file, origin, bytes, frames: framesOf(bytes, origin) }))
    .filter(({ frames }) => frames.length > 0)
}

function framesOf(bytes: Buffer, origin: string): Framed[] {
  const frames: Framed[] = []
  for (let at = segmentHeaderLength(origin); ; at = frames.at(-1)?.end ?? at) {
    const frame = frameAt(bytes, at, chainTag(origin))
    if (frame.kind !== 'frame') return frames
    const entries: Buffer[] = []
    let from = frame.payload
    for (let count = 0; count < frame.count; count += 1) {
      const end = placeOf(bytes, from, frame.end)?.end ?? from
      entries.push(bytes.subarray(from, end))
      from = end
    }
    frames.push({ ...frame, entries, note: bytes.subarray(from, frame.end) })
  }
}

/** The whole frame's bytes. */
export function bytesOf({ bytes }: Segment, { end, offset }: FrameView): Buffer {
  return bytes.subarray(offset, end)
}

/** The segment with these frames instead of its own, zeros behind; undefined where they don't fit. */
export function arranged(
  { bytes, origin }: Segment,
  frames: readonly Uint8Array[],
): Buffer | undefined {
  const changed = Buffer.alloc(bytes.length)
  let at = bytes.copy(changed, 0, 0, segmentHeaderLength(origin))
  for (const frame of frames) {
    if (at + frame.length > changed.length) return undefined
    changed.set(frame, at)
    at += frame.length
  }
  return changed
}

/** A frame with other entries: length, count and checksum are made to fit. */
export function remade(segment: Segment, frame: Framed, entries: readonly Uint8Array[]): Buffer {
  const header = Buffer.from(bytesOf(segment, frame).subarray(0, frame.payload - frame.offset))
  const whole = Buffer.concat([header, ...entries, frame.note])
  whole.writeUInt32BE(whole.length - header.length, 12)
  whole.writeUInt32BE(entries.length, 32)
  return mended(whole)
}

/** With a checksum that fits. */
export function mended(frame: Buffer): Buffer {
  frame.writeUInt32BE(crc32(frame.subarray(8)), 4)
  return frame
}
