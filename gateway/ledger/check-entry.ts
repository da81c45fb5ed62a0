/** One entry's bytes: does the leaf have its one spelling, and does it name this record (where it is there). */
import { isAscii, isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import { isCanonical } from './canonical-scan.ts'
import type { LeafKind } from './entry.ts'
import { placeOf } from './entry-bytes.ts'
import type { Place } from './entry-bytes.ts'
import type { FindingKind } from './finding.ts'
import { leafHash } from './hash.ts'
import type { TreeHash } from './hash.ts'
import { KINDS, leafText, parseLeaf } from './leaf.ts'

export interface CheckedEntry {
  readonly kind: LeafKind
  readonly public: string | undefined
  readonly hash: TreeHash
  readonly bytes: Buffer
  readonly place: Place
  readonly hasRecord: boolean
}

export interface Fault {
  readonly fault: FindingKind
  readonly sentence: string
}

export function checkEntry(bytes: Buffer, at: number, end: number): CheckedEntry | Fault {
  const place = placeOf(bytes, at, end, 'may lack its record')
  if (place === undefined) return fault('frame-damaged', 'no whole entry stands at its place')
  const text = bytes.toString('latin1', place.hashedAt + 1, place.end)
  const hasRecord = place.recordEnd > place.record
  const record = hasRecord
    ? hash('sha256', bytes.subarray(place.record, place.recordEnd), 'base64url')
    : (parseLeaf(text)?.record ?? '')
  const kind = kindIn(text)
  const row = publicIn(text, kind?.length ?? 0)
  if (kind === undefined || leafText(kind, record, row) !== text) {
    return parseLeaf(text) === undefined
      ? fault('leaf-malformed', 'it is not the canonical text of a leaf')
      : fault('record-mismatch', 'its record is not the one that the leaf names')
  }
  return {
    kind,
    public: row,
    hash: leafHash(bytes.subarray(place.hashedAt, place.end)),
    bytes,
    place,
    hasRecord,
  }
}

const BEFORE_KIND = '{"kind":"'.length
const BEFORE_PUBLIC = '","public":"'.length
const DIGEST = 43
/** Beside the kind, of a leaf with a public commitment. */
const WITH_PUBLIC = leafText('cut', '', undefined).length - 3 + DIGEST + BEFORE_PUBLIC + DIGEST

function kindIn(leaf: string): LeafKind | undefined {
  return KINDS.get(leaf.slice(BEFORE_KIND, leaf.indexOf('"', BEFORE_KIND)))
}

function publicIn(leaf: string, kindLength: number): string | undefined {
  if (leaf.length !== kindLength + WITH_PUBLIC) return undefined
  const at = BEFORE_KIND + kindLength + BEFORE_PUBLIC
  return leaf.slice(at, at + DIGEST)
}

/** Undefined where the record is not text in canonical form (RFC 8785). */
export function recordText({ bytes, place }: CheckedEntry): string | undefined {
  const record = bytes.subarray(place.record, place.recordEnd)
  // Latin-1 costs half of UTF-8, and nearly every record is ASCII.
  const encoding = isAscii(record) ? 'latin1' : isUtf8(record) ? 'utf8' : undefined
  if (encoding === undefined) return undefined
  const text = bytes.toString(encoding, place.record, place.recordEnd)
  return isCanonical(text) ? text : undefined
}

export function fault(kind: FindingKind, sentence: string): Fault {
  return { fault: kind, sentence }
}
