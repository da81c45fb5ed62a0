/**
 * Reads a chain's journal after a stop of any kind.
 *
 * The last frame may be torn: the process died, or the power failed, while it was written. Nobody was told that it is durable, so it
 * is cut: its bytes are kept aside in a file `cut-…`, and the caller records that. A damaged frame with whole frames behind it, or a
 * whole frame that does not fit, no crash explains: then nothing is opened.
 */
import { hash } from 'node:crypto'
import * as path from 'node:path'
import type { Digest } from '../../policies/vocabulary.ts'
import { noteKey, parseNote, signersOf } from '../../gateway/ledger/note.ts'
import { ED25519 } from '../../gateway/ledger/signer.ts'
import type { Edge } from '../../gateway/ledger/tree.ts'
import { codeOf } from './disk.ts'
import type { Disk, DiskFile } from './disk.ts'
import {
  chainTag,
  frameAt,
  isZero,
  misfit,
  nextFrame,
  readSegmentHeader,
  segmentHeaderLength,
  startOfZeros,
} from './frame.ts'
import { Replay } from './replay.ts'
import type { ReplayOptions } from './replay.ts'
import { SEGMENT_NAME, segmentName } from './segments.ts'

export interface FramePlace {
  readonly segment: number
  readonly offset: number
  readonly first: number
}

export interface RecoverOptions extends ReplayOptions {
  readonly onFrame?: ((place: FramePlace) => void) | undefined
  readonly disk: Disk
  readonly folder: string
  /** Ed25519, 32 bytes: the newest checkpoint must be signed by it. */
  readonly publicKey: Uint8Array
}

/** A torn tail that was cut off. */
export interface Cut {
  readonly bytes: number
  readonly hash: Digest
  /** Name of the file in the chain's folder that keeps them. */
  readonly file: string
}

export interface Recovered {
  readonly edge: Edge
  readonly note: string | undefined
  /** Leaves are durable that no checkpoint covers: it must be signed and appended before anything else. */
  readonly unsigned: boolean
  /** Where the next frame goes; undefined before the first segment is used. */
  readonly end:
    { readonly number: number; readonly offset: number; readonly size: number } | undefined
  /** Segments that were made and never used: number and size. */
  readonly unused: readonly { readonly number: number; readonly size: number }[]
  readonly nextNumber: number
  /** Every cut of this chain whose bytes are kept, the one made now included. */
  readonly cuts: readonly Cut[]
}

/** No crash explains what stands in the journal. `sentence` names segment, byte and leaves. */
export class JournalTampered extends Error {
  override readonly name = 'JournalTampered'
}

interface Damage {
  readonly number: number
  readonly offset: number
  readonly why: string
  readonly bytes: Buffer
}

export async function recover(options: RecoverOptions): Promise<Recovered> {
  const reading = new Reading(options)
  const numbers = segmentNumbers(options.disk, options.folder)
  for (const number of numbers) reading.segment(number, readSegment(options, number))
  reading.checkSignature()
  if (reading.damage !== undefined) await cutOff(options, reading.damage)
  return {
    edge: reading.replay.edge,
    note: reading.replay.note,
    unsigned: reading.replay.unsigned,
    end: reading.end,
    unused: reading.unused,
    nextNumber: (numbers.at(-1) ?? 0) + 1,
    cuts: cutsIn(options.disk, options.folder),
  }
}

class Reading {
  readonly replay: Replay
  readonly unused: { number: number; size: number }[] = []
  end: Recovered['end']
  damage: Damage | undefined
  readonly #options: RecoverOptions
  readonly #tag: Buffer

  constructor(options: RecoverOptions) {
    this.#options = options
    this.#tag = chainTag(options.origin)
    this.replay = new Replay(options)
  }

  segment(number: number, bytes: Buffer): void {
    if (isZero(bytes, 0, bytes.length)) {
      this.unused.push({ number, size: bytes.length })
      return
    }
    if (this.damage !== undefined)
      throw this.#tampered(this.damage, 'and a later segment is in use')
    if (this.unused.length > 0)
      throw this.#tampered({ number, offset: 0, why: 'it follows an empty one' })
    const header = this.#header(number, bytes)
    if (header === undefined) {
      this.#torn({ number, offset: 0, why: 'its header is damaged', bytes })
      this.unused.push({ number, size: bytes.length })
      return
    }
    const offset = this.#frames(number, bytes)
    this.end = { number, offset, size: bytes.length }
  }

  /** Answers where the next frame goes. */
  #frames(number: number, bytes: Buffer): number {
    let offset = segmentHeaderLength(this.#options.origin)
    for (;;) {
      const frame = frameAt(bytes, offset, this.#tag)
      if (frame.kind === 'end' && isZero(bytes, offset, bytes.length)) return offset
      if (frame.kind !== 'frame') {
        const why = frame.kind === 'bad' ? frame.why : 'what follows is not zero'
        this.#torn({ number, offset, why, bytes })
        return offset
      }
      const why = this.replay.frame(bytes, frame)
      if (why !== undefined) throw this.#tampered({ number, offset, why })
      this.#options.onFrame?.({ segment: number, offset, first: frame.first })
      offset = frame.end
    }
  }

  #header(number: number, bytes: Buffer): boolean | undefined {
    const header = readSegmentHeader(bytes)
    if (header === undefined) return undefined
    const { origin } = this.#options
    const first = this.replay.edge.size
    const why = misfit(header, { number, origin, size: bytes.length, first })
    if (why !== undefined) throw this.#tampered({ number, offset: 0, why })
    return true
  }

  #torn(damage: Damage): void {
    const next = nextFrame(damage.bytes, damage.offset, this.#tag)
    if (next !== undefined)
      throw this.#tampered(damage, `whole frames follow, from leaf ${next.first} on`)
    this.damage = damage
  }

  checkSignature(): void {
    const { note } = this.replay
    if (note === undefined) return
    const parsed = parseNote(note)
    const key = noteKey(this.#options.origin, ED25519, this.#options.publicKey)
    if (parsed !== undefined && signersOf(parsed, [key])?.length === 1) return
    throw new JournalTampered(
      `${this.#options.origin}: the newest checkpoint, of ${this.replay.edge.size} leaves, is not signed by the key of this chain`,
    )
  }

  #tampered(place: Omit<Damage, 'bytes'>, more = 'though its checksum fits'): JournalTampered {
    return new JournalTampered(
      `${this.#options.origin}: segment ${place.number}, byte ${place.offset}: ${place.why}, ${more}; ` +
        `leaves from ${this.replay.edge.size} on. No crash explains this: nothing was opened. Run gongdao verify.`,
    )
  }
}

export function segmentNumbers(disk: Disk, folder: string): number[] {
  return disk
    .list(folder)
    .flatMap((name) => SEGMENT_NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((left, right) => left - right)
}

export function readSegment(
  from: { readonly disk: Disk; readonly folder: string },
  number: number,
): Buffer {
  const file = from.disk.open(path.join(from.folder, segmentName(number)), 'read')
  try {
    const bytes = Buffer.allocUnsafe(file.size())
    return bytes.subarray(0, file.read(bytes, 0))
  } finally {
    file.close()
  }
}

const CUT_NAME = /^cut-([A-Za-z0-9_-]{43})-([0-9]{1,15})\.bin$/

/** Torn tails that are kept, by their names. */
export function cutsIn(disk: Disk, folder: string): Cut[] {
  return disk.list(folder).flatMap((file) => {
    const parts = CUT_NAME.exec(file)
    if (parts?.[1] === undefined) return []
    return [{ hash: parts[1] as Digest, bytes: Number(parts[2]), file }]
  })
}

/** Kept first, durable; then zeroed: a crash in between does the same again. */
async function cutOff(options: RecoverOptions, { bytes, number, offset }: Damage): Promise<void> {
  const { disk, folder } = options
  const torn = bytes.subarray(offset, startOfZeros(bytes))
  await keepAside(options, torn)
  const file = disk.open(path.join(folder, segmentName(number)), 'update')
  try {
    file.write(Buffer.alloc(torn.length), offset)
    await file.sync()
  } finally {
    file.close()
  }
}

/** A start before may have made the file and not filled it (a crash, a full disk): what counts is that it holds the bytes. */
async function keepAside({ disk, folder }: RecoverOptions, torn: Buffer): Promise<void> {
  const name = path.join(folder, `cut-${hash('sha256', torn, 'base64url')}-${torn.length}.bin`)
  const file = await createOrOpen(disk, name)
  try {
    file.write(torn, 0)
    await file.sync()
  } finally {
    file.close()
  }
  await disk.syncFolder(folder)
}

async function createOrOpen(disk: Disk, name: string): Promise<DiskFile> {
  try {
    return await disk.create(name)
  } catch (fault) {
    if (codeOf(fault) !== 'EEXIST') throw fault
    return disk.open(name, 'update')
  }
}
