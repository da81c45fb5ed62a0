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
  const last = lastOf(place, damage)
  const from = place.offset + FRAME_HEADER
  const end = damage.next?.offset ?? damage.bytes.length
  const entry =
    last === undefined
      ? undefined
      : firstBadEntry(damage.bytes, from, { count: last - place.first + 1, end })
  if (entry === undefined) return finding('frame-damaged', place, { last, why: damage.why })
  const index = place.first + entry.at
  const why = `${damage.why}; leaf ${index}: ${entry.why}`
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

/** The last leaf that the frame must have held: by the next one, or by its own count where that can be true. */
function lastOf({ first, offset }: Place, { bytes, next }: DamagedFrame): number | undefined {
  if (next !== undefined && next.first > first) return next.first - 1
  const count = bytes.length >= offset + FRAME_HEADER ? bytes.readUInt32BE(offset + 32) : 0
  return count > 0 && count <= MOST_ENTRIES ? first + count - 1 : undefined
}

/** The first entry that is not whole, as far as one can be told from the next. */
function firstBadEntry(
  bytes: Buffer,
  from: number,
  { count, end }: { readonly count: number; readonly end: number },
): { readonly at: number; readonly why: string } | undefined {
  let at = from
  for (let entry = 0; entry < count; entry += 1) {
    const place = placeOf(bytes, at, end)
    // From here on nothing says where an entry begins.
    if (place === undefined) return undefined
    const checked = checkEntry(bytes, at, end)
    if ('fault' in checked) return { at: entry, why: checked.sentence }
    at = place.end
  }
  return undefined
}
