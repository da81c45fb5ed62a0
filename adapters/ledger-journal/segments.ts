/**
 * Segment files of one chain: made ahead of need, so that an append never waits for the disk to find room, and a full
 * disk shows while there is still room to finish what was begun.
 *
 * Two spares are kept ready. Ordinary entries may take a spare only while another one stays; the last one is for entries
 * that finish what was begun. Once a spare can't be made, `room` is `finishes` until one can.
 */
import * as path from 'node:path'
import { machineTimers, type Timers } from '../../gateway/ports/timers.ts'
import type { Disk, DiskFile } from './disk.ts'

export interface Segment {
  readonly number: number
  readonly file: DiskFile
  readonly size: number
}

export const SEGMENT_NAME = /^([0-9]{8,15})\.seg$/
export const SPARES = 2
const RETRY_MS = 1000
/** An append that is being made durable waits behind no more than one piece of a spare; between two of them the disk is its own. */
const PIECE = 1024 * 1024
const PAUSE_MS = 20
/** Up to here without pauses: at a start the spares should soon be there. */
const SMALL = 4 * PIECE

/** The first segments are small: a gateway that is started often leaves little behind. */
const FIRST_SEGMENT = 1024 * 1024

/** Size of the segment of a number, in a journal whose segments have `largest` bytes at most. */
export function segmentSize(number: number, largest: number): number {
  return Math.min(largest, FIRST_SEGMENT * 4 ** Math.min(number - 1, 8))
}

export interface SegmentsOptions {
  readonly disk: Disk
  readonly folder: string
  /** Size of the larger segments. */
  readonly segmentBytes: number
  /** Number of the first segment to make. */
  readonly next: number
  /** Segments that were made before and never used. */
  readonly spares: readonly Segment[]
  readonly timers?: Timers | undefined
}

export class Segments {
  readonly #options: SegmentsOptions
  readonly #spares: Segment[]
  #next: number
  #making: Promise<void> | undefined
  #isAwaited = false
  #endPause: () => void = () => undefined
  #cancelRetry: () => void = () => undefined
  #fault: unknown
  #closed = false

  constructor(options: SegmentsOptions) {
    this.#options = options
    this.#spares = [...options.spares]
    this.#next = options.next
    this.#makeSpares()
  }

  get room(): 'all' | 'finishes' {
    return this.#fault !== undefined && this.#spares.length < SPARES ? 'finishes' : 'all'
  }

  /** An empty segment, or undefined where there is none for entries of this sort. */
  async take(finishes: boolean): Promise<Segment | undefined> {
    const keep = finishes ? 0 : 1
    while (this.#spares.length <= keep && this.#making !== undefined) {
      this.#isAwaited = true
      this.#endPause()
      await this.#making
    }
    this.#isAwaited = false
    if (this.#spares.length <= keep) return undefined
    const segment = this.#spares.shift()
    this.#makeSpares()
    return segment
  }

  /** Spares that were never used are taken away: a chain that is not opened again keeps only what it holds. */
  async close(): Promise<void> {
    this.#closed = true
    this.#cancelRetry()
    this.#endPause()
    await this.#making
    const { disk, folder } = this.#options
    for (const { file, number } of this.#spares.splice(0)) {
      file.close()
      disk.remove(path.join(folder, segmentName(number)))
    }
  }

  #makeSpares(): void {
    if (this.#making !== undefined || this.#closed || this.#spares.length >= SPARES) return
    this.#making = this.#makeOne()
      .then((segment) => {
        this.#spares.push(segment)
        this.#fault = undefined
      })
      .catch((fault: unknown) => {
        this.#fault = fault
        const { timers = machineTimers } = this.#options
        this.#cancelRetry = timers.after(RETRY_MS, () => this.#makeSpares())
      })
      .finally(() => {
        this.#making = undefined
        if (this.#fault === undefined) this.#makeSpares()
      })
  }

  async #makeOne(): Promise<Segment> {
    const { disk, folder } = this.#options
    const size = segmentSize(this.#next, this.#options.segmentBytes)
    const name = path.join(folder, segmentName(this.#next))
    const file = await disk.create(name)
    try {
      await this.#fillWithZeros(file, size)
      await disk.syncFolder(folder)
    } catch (fault) {
      file.close()
      disk.remove(name)
      throw fault
    }
    this.#next += 1
    return { number: this.#next - 1, file, size }
  }

  // Real zeros, not a hole: a hole gets its blocks, and ENOSPC, when a frame is written.
  async #fillWithZeros(file: DiskFile, bytes: number): Promise<void> {
    const zeros = Buffer.alloc(Math.min(bytes, PIECE))
    for (let at = 0; at < bytes; at += zeros.length) {
      if (bytes > SMALL && at > 0) await this.#pause()
      await file.writeSlowly(zeros.subarray(0, Math.min(zeros.length, bytes - at)), at)
      await file.sync()
    }
  }

  #pause(): Promise<void> | undefined {
    if (this.#closed || this.#isAwaited) return undefined
    const { timers = machineTimers } = this.#options
    return new Promise((resolve) => {
      const cancel = timers.after(PAUSE_MS, resolve)
      this.#endPause = () => {
        cancel()
        resolve()
      }
    })
  }
}

export function segmentName(number: number): string {
  return `${String(number).padStart(8, '0')}.seg`
}
