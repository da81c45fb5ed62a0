/**
 * The bytes of a journal (all numbers big-endian). A segment is a file of fixed size, full of zeros when it is made:
 *
 *     header   F7 "GDSEG1" 0A ‖ CRC-32 of the rest of the header (4) ‖ header length (4) ‖ segment number (8)
 *              ‖ first index (8) ‖ segment size (8) ‖ origin of the chain
 *     frames   F7 "GDF" ‖ CRC-32 of the rest of the frame (4) ‖ type (4) ‖ payload length (4) ‖ chain tag (8)
 *              ‖ first index (8) ‖ number of entries (4) ‖ payload: entries (gateway/ledger/entry-bytes.ts), checkpoint
 *     zeros    to the end
 *
 * A frame is one commit. 0xF7 never stands in UTF-8, so no record can imitate a frame. The chain tag (first bytes of SHA-256 of the
 * origin) keeps a frame from being moved to another chain.
 */
import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { FrameType } from '../../gateway/ledger/storage.ts'

export const FRAME_HEADER = 36
const FRAME_MAGIC = Buffer.from('f7474446', 'hex')
const SEGMENT_MAGIC = Buffer.from('f74744534547310a', 'hex')
const SEGMENT_HEADER = 40
const TYPES: Readonly<Record<FrameType, number>> = { batch: 1, leaves: 2, checkpoint: 3 }

/** What is wrong with a header where this one is due. */
export function misfit(header: SegmentHeader, due: SegmentHeader): string | undefined {
  if (header.origin !== due.origin) return 'it belongs to another chain'
  if (header.number !== due.number) return 'its number is not that of its file'
  if (header.size !== due.size) return 'its size is not the one that it was made with'
  return header.first === due.first
    ? undefined
    : `it begins with leaf ${header.first} where leaf ${due.first} is due`
}

export interface FrameView {
  readonly kind: 'frame'
  readonly type: FrameType
  readonly offset: number
  readonly first: number
  readonly count: number
  readonly payload: number
  readonly end: number
}

export interface SegmentHeader {
  readonly number: number
  readonly first: number
  readonly size: number
  readonly origin: string
}

export function chainTag(origin: string): Buffer {
  return hash('sha256', origin, 'buffer').subarray(0, 8)
}

export function segmentHeaderLength(origin: string): number {
  return SEGMENT_HEADER + Buffer.byteLength(origin)
}

export function writeSegmentHeader(into: Buffer, at: number, header: SegmentHeader): void {
  const length = segmentHeaderLength(header.origin)
  SEGMENT_MAGIC.copy(into, at)
  into.writeUInt32BE(length, at + 12)
  writeUInt64(into, at + 16, header.number)
  writeUInt64(into, at + 24, header.first)
  writeUInt64(into, at + 32, header.size)
  into.write(header.origin, at + SEGMENT_HEADER)
  into.writeUInt32BE(crc32(into.subarray(at + 12, at + length)), at + 8)
}

/** Undefined where the bytes are not a whole, undamaged header. */
export function readSegmentHeader(bytes: Buffer): SegmentHeader | undefined {
  if (bytes.length < SEGMENT_HEADER || !bytes.subarray(0, 8).equals(SEGMENT_MAGIC)) return undefined
  const length = bytes.readUInt32BE(12)
  if (length < SEGMENT_HEADER || length > bytes.length) return undefined
  if (crc32(bytes.subarray(12, length)) !== bytes.readUInt32BE(8)) return undefined
  return {
    number: readUInt64(bytes, 16),
    first: readUInt64(bytes, 24),
    size: readUInt64(bytes, 32),
    origin: bytes.toString('utf8', SEGMENT_HEADER, length),
  }
}

export interface FrameHead {
  readonly type: FrameType
  readonly tag: Buffer
  readonly first: number
  readonly count: number
}

/** Writes the header of the frame whose payload stands at [at + FRAME_HEADER, end). */
export function writeFrameHeader(into: Buffer, at: number, end: number, head: FrameHead): void {
  FRAME_MAGIC.copy(into, at)
  into.writeUInt32BE(TYPES[head.type], at + 8)
  into.writeUInt32BE(end - at - FRAME_HEADER, at + 12)
  head.tag.copy(into, at + 16)
  writeUInt64(into, at + 24, head.first)
  into.writeUInt32BE(head.count, at + 32)
  into.writeUInt32BE(crc32(into.subarray(at + 8, end)), at + 4)
}

/** Bytes of the frame with this header, if it is one: it is checked only with `frameAt`. */
export function frameLength(header: Buffer): number {
  return FRAME_HEADER + header.readUInt32BE(12)
}

/** `end`: zeros here, as where no frame was ever written (that they reach to the end of the segment is another question). */
export type FrameAt =
  FrameView | { readonly kind: 'end' } | { readonly kind: 'bad'; readonly why: string }

export function frameAt(bytes: Buffer, offset: number, tag: Buffer): FrameAt {
  if (offset + FRAME_HEADER > bytes.length) {
    return isZero(bytes, offset, bytes.length) ? { kind: 'end' } : bad('it is cut off')
  }
  if (isZero(bytes, offset, offset + FRAME_HEADER)) return { kind: 'end' }
  if (!bytes.subarray(offset, offset + 4).equals(FRAME_MAGIC)) return bad('no frame begins here')
  const payload = offset + FRAME_HEADER
  const end = payload + bytes.readUInt32BE(offset + 12)
  if (end > bytes.length) return bad('it is longer than its segment')
  if (crc32(bytes.subarray(offset + 8, end)) !== bytes.readUInt32BE(offset + 4)) {
    return bad('its checksum does not fit')
  }
  const type = typeOf(bytes.readUInt32BE(offset + 8))
  if (type === undefined) return bad('it is of an unknown type')
  if (!bytes.subarray(offset + 16, offset + 24).equals(tag)) return bad('it is of another chain')
  const first = readUInt64(bytes, offset + 24)
  return {
    kind: 'frame',
    type,
    offset,
    first,
    count: bytes.readUInt32BE(offset + 32),
    payload,
    end,
  }
}

/** The next undamaged frame behind a damaged place. */
export function nextFrame(bytes: Buffer, from: number, tag: Buffer): FrameView | undefined {
  for (
    let at = bytes.indexOf(FRAME_MAGIC, from);
    at >= 0;
    at = bytes.indexOf(FRAME_MAGIC, at + 1)
  ) {
    const frame = frameAt(bytes, at, tag)
    if (frame.kind === 'frame') return frame
  }
  return undefined
}

const ZEROS = Buffer.alloc(64 * 1024)

export function isZero(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += ZEROS.length) {
    const end = Math.min(to, at + ZEROS.length)
    if (bytes.compare(ZEROS, 0, end - at, at, end) !== 0) return false
  }
  return true
}

/** Where the zeros begin that reach to the end. */
export function startOfZeros(bytes: Buffer): number {
  let end = bytes.length
  while (end > 0 && isZero(bytes, Math.max(0, end - 4096), end)) end = Math.max(0, end - 4096)
  while (end > 0 && bytes[end - 1] === 0) end -= 1
  return end
}

function typeOf(code: number): FrameType | undefined {
  if (code === TYPES.batch) return 'batch'
  if (code === TYPES.leaves) return 'leaves'
  return code === TYPES.checkpoint ? 'checkpoint' : undefined
}

function bad(why: string): FrameAt {
  return { kind: 'bad', why }
}

const TWO_32 = 2 ** 32

function writeUInt64(into: Buffer, at: number, value: number): void {
  into.writeUInt32BE(Math.floor(value / TWO_32), at)
  into.writeUInt32BE(value % TWO_32, at + 4)
}

function readUInt64(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * TWO_32 + bytes.readUInt32BE(at + 4)
}
