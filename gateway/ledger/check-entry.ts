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
  /** Where its public commitment stands, if it has one. */
  readonly publicAt: number | undefined
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
  const hasRecord = place.recordEnd > place.record
  const record = hasRecord
    ? hash('sha256', bytes.subarray(place.record, place.recordEnd), 'base64url')
    : parseLeaf(textOf(bytes, place))?.record
  const shape = shapeAt(bytes, place)
  const start = place.hashedAt + 1
  if (shape === undefined || record === undefined) return wrong(bytes, place)
  if (!isAt(bytes, start + shape.recordAt, record)) return wrong(bytes, place)
  return {
    kind: shape.kind,
    publicAt: shape.publicAt === undefined ? undefined : start + shape.publicAt,
    hash: leafHash(bytes.subarray(place.hashedAt, place.end)),
    bytes,
    place,
    hasRecord,
  }
}

function wrong(bytes: Buffer, place: Place): Fault {
  return parseLeaf(textOf(bytes, place)) === undefined
    ? fault('leaf-malformed', 'it is not the canonical text of a leaf')
    : fault('record-mismatch', 'its record is not the one that the leaf names')
}

function textOf(bytes: Buffer, { end, hashedAt }: Place): string {
  return bytes.toString('latin1', hashedAt + 1, end)
}

const DIGEST = 43
const END = '","v":1}'
const END_BYTES = Buffer.from(END)

/** What is the same in all leaves of one kind, with or without a public commitment; places count from the leaf's first byte. */
interface Shape {
  readonly kind: LeafKind
  readonly begin: Uint8Array
  readonly publicAt: number | undefined
  /** From the commitment to the record; empty where there is none. */
  readonly between: Uint8Array
  readonly recordAt: number
}

function shapeOf(kind: LeafKind, row: '' | undefined): Shape {
  const [begin = Buffer.alloc(0), between = Buffer.alloc(0)] = leafText(kind, '', row)
    .slice(0, -END.length)
    .split(/(?<="public":")/)
    .map((text) => Buffer.from(text))
  if (row === undefined)
    return { kind, begin, publicAt: undefined, between, recordAt: begin.length }
  const recordAt = begin.length + DIGEST + between.length
  return { kind, begin, publicAt: begin.length, between, recordAt }
}

/** By the length of the leaf; the kinds that an auditor reads by the million first. */
const SHAPES = Map.groupBy(
  [...KINDS.values()].reverse().flatMap((kind) => [shapeOf(kind, ''), shapeOf(kind, undefined)]),
  ({ recordAt }) => recordAt + DIGEST + END.length,
)

/** The one that the leaf has, whatever its digests: byte by byte, since making a text of each leaf costs as much as its hash. */
function shapeAt(bytes: Buffer, { end, hashedAt }: Place): Shape | undefined {
  const start = hashedAt + 1
  for (const shape of SHAPES.get(end - start) ?? []) {
    const { begin, between, recordAt } = shape
    if (!areAt(bytes, start, begin)) continue
    const isWhole =
      areAt(bytes, start + recordAt - between.length, between) &&
      areAt(bytes, start + recordAt + DIGEST, END_BYTES)
    return isWhole ? shape : undefined
  }
  return undefined
}

/** Whether this, or none, is its public commitment. */
export function isPublic(
  { bytes, publicAt }: CheckedEntry,
  commitment: string | undefined,
): boolean {
  if (publicAt === undefined || commitment === undefined) return publicAt === commitment
  return isAt(bytes, publicAt, commitment)
}

function areAt(bytes: Buffer, at: number, expected: Uint8Array): boolean {
  for (let index = 0; index < expected.length; index += 1) {
    if (bytes[at + index] !== expected[index]) return false
  }
  return true
}

/** Of text that was made a moment ago, one native comparison costs a third of one for each character. */
function isAt(bytes: Buffer, at: number, text: string): boolean {
  return bytes.toString('latin1', at, at + text.length) === text
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
