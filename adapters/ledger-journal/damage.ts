/** Says what is damaged in a journal, as narrowly as the bytes allow: one leaf, or the range that a frame must have held. */
import { checkEntry } from '../../gateway/ledger/check-entry.ts'
import { placeOf } from '../../gateway/ledger/entry-bytes.ts'
import { leavesText } from '../../gateway/ledger/finding.ts'
import type { Finding } from '../../gateway/ledger/finding.ts'
import { FRAME_HEADER } from './frame.ts'
import type { FrameView } from './frame.ts'

export interface Place {
  readonly chain: string
  readonly segment: number
  readonly offset: number
  /** The leaf that is due here. */
  readonly first: number
}

export interface DamagedFrame {
  readonly bytes: Buffer
  /** The next whole frame of the segment. */
  readonly next: FrameView | undefined
  readonly why: string
}

export function damagedFrame(place: Place, damage: DamagedFrame): Finding {
  const walked = walk(place, damage)
  const last = lastOf(place, damage, walked)
  if (walked.bad === undefined) return finding('frame-damaged', place, { last, why: damage.why })
  const index = place.first + walked.bad.at
  const why = `${damage.why}; leaf ${index}: ${walked.bad.why}`
  return { ...finding('frame-damaged', place, { last, why }), first: index, last: index }
}

export function damagedSegment(
  place: Place,
  { last, why }: { readonly last: number | undefined; readonly why: string },
): Finding {
  return finding('segment-damaged', place, { last, why })
}

export function tailNotZero({ chain, first, offset, segment }: Place): Finding {
  const sentence = `segment ${segment}: the unused tail from byte ${offset} on, before leaf ${first}, is not zero`
  return { chain, kind: 'tail-not-zero', first, segment, offset, sentence }
}

function finding(
  kind: 'frame-damaged' | 'segment-damaged',
  { chain, first, offset, segment }: Place,
  { last, why }: { readonly last: number | undefined; readonly why: string },
): Finding {
  const what = kind === 'segment-damaged' ? 'the segment' : 'the frame'
  const sentence = `segment ${segment}, byte ${offset}: ${what} of ${leavesText(first, last)} is damaged: ${why}`
  const range = last === undefined ? { first } : { first, last }
  return { chain, kind, ...range, segment, offset, sentence }
}

const MOST_ENTRIES = 8_192

/** The last leaf that the frame must have held: by the next one, by its own entries, or by its count where that can be true. */
function lastOf(
  { first, offset }: Place,
  { bytes, next }: DamagedFrame,
  { count }: Walked,
): number | undefined {
  if (next !== undefined && next.first > first) return next.first - 1
  // What is due stands right behind: something was put in front of it.
  if (next?.first === first) return first
  // A checkpoint alone, whatever its count has become.
  if (count === 0) return undefined
  if (count !== undefined) return first + count - 1
  const claimed = bytes.length >= offset + FRAME_HEADER ? bytes.readUInt32BE(offset + 32) : 0
  return claimed > 0 && claimed <= MOST_ENTRIES ? first + claimed - 1 : undefined
}

interface Walked {
  /** How many entries stand in front of the checkpoint; undefined where that can't be told. */
  readonly count?: number
  /** The first that is not whole. */
  readonly bad?: { readonly at: number; readonly why: string }
}

/** Goes by the lengths of the entries, not by the header, up to the checkpoint: it begins with the name of the chain. */
function walk({ chain, offset }: Place, { bytes, next }: DamagedFrame): Walked {
  const note = Buffer.from(`${chain}\n`)
  const end = next?.offset ?? bytes.length
  let at = offset + FRAME_HEADER
  let bad: Walked['bad']
  let count = 0
  while (!bytes.subarray(at, at + note.length).equals(note)) {
    const place = placeOf(bytes, at, end, 'may lack its record')
    // From here on nothing says where an entry begins: no leaf can be named alone.
    if (place === undefined || count === MOST_ENTRIES) return {}
    const checked = checkEntry(bytes, at, end)
    if ('fault' in checked) bad ??= { at: count, why: checked.sentence }
    at = place.end
    count += 1
  }
  return bad === undefined ? { count } : { bad, count }
}
