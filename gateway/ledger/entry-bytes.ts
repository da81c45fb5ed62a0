/**
 * Entries as they stand in a frame, one after the other:
 *
 *     record length (2 bytes, big-endian) ‖ record ‖ leaf length (2) ‖ 0x00 ‖ leaf
 *
 * The 0x00 is RFC 6962's prefix of a leaf, so that its hash is taken in place.
 */
import { digestOf, leafHash } from './hash.ts'
import type { TreeHash } from './hash.ts'
import type { Entry } from './entry.ts'
import { LONGEST_ENTRY, leafText } from './leaf.ts'
import { HEADROOM } from './storage.ts'

/** Beside record and leaf. */
const FRAMING = 5
/** A leaf has two digests at most; a checkpoint has an origin of at most 1 KiB. */
const LONGEST_LEAF = 256
export const LONGEST_NOTE = 4096
export const RECORD_TOO_LONG = 'a record has at most 65,535 bytes'

/** What a chain must know of an entry that is in the buffer. */
export interface Encoded {
  readonly leaf: string
  readonly hash: TreeHash
}

/** Bytes that an entry takes at most, given those of its record. */
export function mostBytes(recordBytes: number): number {
  return FRAMING + LONGEST_LEAF + recordBytes
}

/** One buffer that every batch of a chain is built in. */
export class EntryWriter {
  #buffer = Buffer.alloc(64 * 1024)
  #end = HEADROOM

  get buffer(): Buffer {
    return this.#buffer
  }

  get end(): number {
    return this.#end
  }

  /** All that was written since it was cleared; until it is cleared again. */
  written(): Buffer {
    return this.#buffer.subarray(HEADROOM, this.#end)
  }

  clear(): void {
    this.#end = HEADROOM
  }

  /** Throws RangeError where the record is longer than a leaf's data may be. */
  entry(entry: Entry): Encoded {
    this.#makeRoom(mostBytes(3 * entry.record.length))
    const buffer = this.#buffer
    const recordAt = this.#end + 2
    const recordLength = buffer.write(entry.record, recordAt)
    if (recordLength > LONGEST_ENTRY) throw new RangeError(RECORD_TOO_LONG)
    buffer.writeUInt16BE(recordLength, this.#end)
    const leafAt = recordAt + recordLength + 2
    const digest = digestOf(buffer.subarray(recordAt, leafAt - 2))
    const leaf = leafText(entry.kind, digest, entry.public)
    const leafLength = buffer.write(leaf, leafAt + 1, 'latin1')
    buffer.writeUInt16BE(leafLength, leafAt - 2)
    buffer[leafAt] = 0
    this.#end = leafAt + 1 + leafLength
    return { leaf, hash: leafHash(buffer.subarray(leafAt, this.#end)) }
  }

  /** A checkpoint, behind the entries. */
  note(note: string): void {
    this.#makeRoom(3 * note.length)
    this.#end += this.#buffer.write(note, this.#end)
  }

  #makeRoom(bytes: number): void {
    if (this.#end + bytes <= this.#buffer.length) return
    const larger = Buffer.alloc(2 * (this.#end + bytes))
    this.#buffer.copy(larger, 0, 0, this.#end)
    this.#buffer = larger
  }
}

/** Where an entry's parts stand in a frame's bytes. `hashedAt` is the 0x00 in front of the leaf. */
export interface Place {
  readonly record: number
  readonly recordEnd: number
  readonly hashedAt: number
  readonly end: number
}

/** Undefined where the bytes are not an entry. A journal's has its record, always; what was taken from elsewhere may lack it. */
export function placeOf(
  bytes: Buffer,
  at: number,
  end: number,
  how: 'whole' | 'may lack its record' = 'whole',
): Place | undefined {
  if (at + FRAMING > end) return undefined
  const record = at + 2
  const recordEnd = record + bytes.readUInt16BE(at)
  if (recordEnd + 3 > end || (recordEnd === record && how === 'whole')) return undefined
  const hashedAt = recordEnd + 2
  const entryEnd = hashedAt + 1 + bytes.readUInt16BE(recordEnd)
  if (entryEnd > end || bytes[hashedAt] !== 0) return undefined
  return { record, recordEnd, hashedAt, end: entryEnd }
}
