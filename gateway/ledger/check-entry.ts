/** One entry's bytes: does the leaf have its one spelling, and does it name this record. */
import { isAscii, isUtf8 } from 'node:buffer'
import type { Digest } from '../../policies/vocabulary.ts'
import { isCanonical } from './canonical-scan.ts'
import type { LeafKind } from './entry.ts'
import { placeOf } from './entry-bytes.ts'
import type { Place } from './entry-bytes.ts'
import type { FindingKind } from './finding.ts'
import { digestOf, leafHash } from './hash.ts'
import type { TreeHash } from './hash.ts'
import { parseLeaf } from './leaf.ts'

export interface CheckedEntry {
  readonly kind: LeafKind
  readonly public: Digest | undefined
  readonly leaf: string
  readonly hash: TreeHash
  /** RFC 8785 text. */
  readonly record: string
  /** Where the next entry begins. */
  readonly end: number
}

export interface Fault {
  readonly fault: FindingKind
  readonly sentence: string
}

export function checkEntry(bytes: Buffer, at: number, end: number): CheckedEntry | Fault {
  const place = placeOf(bytes, at, end)
  if (place === undefined) return fault('frame-damaged', 'no whole entry stands at its place')
  const leafText = bytes.toString('latin1', place.hashedAt + 1, place.end)
  const leaf = parseLeaf(leafText)
  if (leaf === undefined) return fault('leaf-malformed', 'it is not the canonical text of a leaf')
  const recordBytes = bytes.subarray(place.record, place.recordEnd)
  if (digestOf(recordBytes) !== leaf.record) {
    return fault('record-mismatch', 'its record is not the one that the leaf names')
  }
  const record = textOf(bytes, recordBytes, place)
  if (record === undefined || !isCanonical(record)) {
    return fault('record-not-canonical', 'its record is not in canonical form (RFC 8785)')
  }
  const hash = leafHash(bytes.subarray(place.hashedAt, place.end))
  return { kind: leaf.kind, public: leaf.public, leaf: leafText, hash, record, end: place.end }
}

// Latin-1 costs half of UTF-8, and nearly every record is ASCII.
function textOf(bytes: Buffer, record: Buffer, place: Place): string | undefined {
  if (isAscii(record)) return bytes.toString('latin1', place.record, place.recordEnd)
  return isUtf8(record) ? bytes.toString('utf8', place.record, place.recordEnd) : undefined
}

export function fault(kind: FindingKind, sentence: string): Fault {
  return { fault: kind, sentence }
}
