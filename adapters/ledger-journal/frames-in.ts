/** The frames of a segment that may be open for writing, from one on: a few at a time, never the whole file. */
import type { DiskFile } from './disk.ts'
import { FRAME_HEADER, frameAt, frameLength } from './frame.ts'
import type { FrameView } from './frame.ts'

export interface ReadFrame {
  /** Of this frame alone. */
  readonly bytes: Buffer
  readonly frame: FrameView
}

/** Of one read from a segment. */
const SOME_BYTES = 32 * 1024

/** Ends where no whole, undamaged frame follows. */
export function* framesIn(
  file: DiskFile,
  from: number,
  tag: Buffer,
): Generator<ReadFrame, undefined> {
  const size = file.size()
  let read: Buffer = Buffer.alloc(0)
  for (let [at, begin] = [0, from]; ;) {
    if (!holdsFrame(read, at)) {
      begin += at
      at = 0
      read = bytesAt(file, begin, size)
      if (!holdsFrame(read, 0)) return
    }
    const bytes = read.subarray(at, at + frameLength(read.subarray(at)))
    const frame = frameAt(bytes, 0, tag)
    if (frame.kind !== 'frame') return
    yield { bytes, frame }
    at += bytes.length
  }
}

/** Several small frames at once, or a large one whole. */
function bytesAt(file: DiskFile, offset: number, size: number): Buffer {
  const some = readAt(file, offset, Math.min(size - offset, SOME_BYTES))
  const length = some.length < FRAME_HEADER ? 0 : frameLength(some)
  return length > some.length && offset + length <= size ? readAt(file, offset, length) : some
}

function readAt(file: DiskFile, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(Math.max(0, length))
  return bytes.subarray(0, file.read(bytes, offset))
}

/** Whether something as long as a frame begins there; zeros say that they have no payload. */
function holdsFrame(bytes: Buffer, at: number): boolean {
  if (at + FRAME_HEADER > bytes.length) return false
  const length = frameLength(bytes.subarray(at))
  return length > FRAME_HEADER && at + length <= bytes.length
}
