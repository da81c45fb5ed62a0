/** Where a chain's batches go. The journal on disk keeps this contract, and so does the one in memory for tests. */

/** Free bytes that a storage finds in front of `start`, for headers of its own: one write, no copy. */
export const HEADROOM = 4096

/** What a frame holds: leaves and the checkpoint over them, or, where these are made durable one after the other, one. */
export type FrameType = 'batch' | 'leaves' | 'checkpoint'

export interface Frame {
  readonly type: FrameType
  /** Index of the first leaf; of a checkpoint alone: the size that it signs. */
  readonly first: number
  readonly count: number
  /** Entries (see `entry-bytes.ts`), then the checkpoint. Valid until `append` settles: the next batch reuses it. */
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
}

export interface Storage {
  /** The largest `end - start` that a frame may have. */
  readonly largestFrame: number
  /** `finishes`: no further room can be had; what is left is kept for entries that finish what was begun. */
  readonly room: 'all' | 'finishes'
  /**
   * Makes sure that frames of so many bytes in all can be appended. False: there is no room; nothing was written. Asked before a
   * checkpoint is signed, since a signed checkpoint whose leaves are not kept would contradict the next one.
   */
  reserve(frames: number, bytes: number, finishes: boolean): Promise<boolean> | boolean
  /**
   * MUST resolve only when the frame survives a power cut. One call at a time. A rejection means that the outcome is unknown; the
   * storage MUST NOT be used again (an fdatasync that failed once may have dropped the pages it failed on).
   */
  append(frame: Frame): Promise<void>
  close(): Promise<void>
}
