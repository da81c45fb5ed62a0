/** What can be done to a journal by somebody who writes files and has no key. */
import { segmentHeaderLength } from '../../../adapters/ledger-journal/frame.ts'
import { REGISTRY } from '../small-ledger.ts'
import { changed } from './attack.ts'
import type { Attack, Tampering, Truth } from './attack.ts'
import { CLOSED, RUNNING } from './ledger.ts'
import type { TamperLedger } from './ledger.ts'
import type { Chance } from '../../exchange/json-documents.ts'
import { arranged, bytesOf, mended, remade, segmentsOf } from './segments.ts'
import type { Framed, Segment } from './segments.ts'

const CHAINS = [CLOSED, CLOSED, RUNNING, REGISTRY]

export const JOURNAL_ATTACKS: readonly Attack[] = [
  journal('flip a bit', 8, 0, flip),
  journal('flip a bit, mend the checksum', 6, 0, flipMended),
  journal('drop a frame', 3, 0, (place) => frames(place, (all, at) => all.toSpliced(at, 1))),
  journal('swap two frames', 3, 0, (place) => frames(place, swapped)),
  journal('insert a frame of another chain', 2, 0, insertForeign),
  journal('repeat a frame', 3, 0, (place) =>
    frames(place, (all, at) => all.toSpliced(at, 0, ...all.slice(at, at + 1))),
  ),
  journal('drop an entry, mend the frame', 3, 0, (place) =>
    entries(place, (all, at) => all.toSpliced(at, 1)),
  ),
  journal('swap two entries, mend the frame', 3, 0, (place) => entries(place, swapped)),
  journal('insert an entry, mend the frame', 3, 1, (place) =>
    entries(place, (all, at) => all.toSpliced(at, 0, place.random.oneOf(all))),
  ),
  journal('repeat an entry, mend the frame', 2, 1, (place) =>
    entries(place, (all, at) => all.toSpliced(at, 0, ...all.slice(at, at + 1))),
  ),
  journal('truncate a closed chain', 3, 0, truncate),
]

interface Place {
  readonly ledger: TamperLedger
  readonly random: Chance
  readonly segment: Segment
  readonly frame: Framed
}

function journal(
  name: string,
  share: number,
  within: number,
  make: (place: Place) => Tampering | undefined,
): Attack {
  return {
    name: `journal: ${name}`,
    share,
    within,
    over: 'journal',
    make(ledger, random) {
      const segment = random.oneOf(segmentsOf(ledger, random.oneOf(CHAINS)))
      return make({ ledger, random, segment, frame: random.oneOf(segment.frames) })
    },
  }
}

/** A checkpoint alone is told by the leaf before it. */
function truthOf({ origin }: Segment, { count, first }: Framed): Truth {
  const last = first + Math.max(1, count) - 1
  return { chain: origin, first: count === 0 ? first - 1 : first, last }
}

function flip({ random, segment }: Place): Tampering {
  const { bytes, file, frames: all, origin } = segment
  const at = random.below(all.at(-1)?.end ?? 0)
  const struck = all.find(({ end, offset }) => at >= offset && at < end)
  const [first, last] = [all[0], all.at(-1)]
  const truth =
    struck === undefined && first !== undefined && last !== undefined
      ? { chain: origin, first: first.first, last: last.first + last.count }
      : truthOf(segment, struck ?? segment.frames[0]!)
  return { changes: changed([file, flipped(bytes, at, random)]), truth }
}

function flipMended({ frame, random, segment }: Place): Tampering {
  const own = Buffer.from(bytesOf(segment, frame))
  const at = 8 + random.below(own.length - 8)
  const others = segment.frames.map((each) =>
    each === frame ? mended(flipped(own, at, random)) : bytesOf(segment, each),
  )
  return {
    changes: changed([segment.file, arranged(segment, others)]),
    truth: truthOf(segment, frame),
  }
}

export function flipped(bytes: Buffer, at: number, random: Chance): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8))
  return copy
}

type Rearrange = <Item>(all: readonly Item[], at: number) => Item[]

function swapped<Item>(all: readonly Item[], at: number): Item[] {
  const [here, next] = [all[at], all[at + 1]]
  return here === undefined || next === undefined ? [...all] : all.toSpliced(at, 2, next, here)
}

/** The newest frame of an open chain can be dropped unseen, as a crash could: that is `truncate`, with evidence. */
function frames({ frame, segment }: Place, rearrange: Rearrange): Tampering | undefined {
  const at = segment.frames.indexOf(frame)
  if (at >= segment.frames.length - 2 || at === 0) return undefined
  const whole = rearrange(segment.frames, at).map((each) => bytesOf(segment, each))
  return struck(segment, frame, arranged(segment, whole))
}

function entries({ frame, random, segment }: Place, rearrange: Rearrange): Tampering | undefined {
  if (frame.count < 3) return undefined
  const own = rearrange(frame.entries, random.below(frame.count - 1))
  if (
    own.length === frame.count &&
    own.every((entry, at) => frame.entries[at]?.equals(entry) === true)
  )
    return undefined
  const whole = segment.frames.map((each) =>
    each === frame ? remade(segment, frame, own) : bytesOf(segment, each),
  )
  return struck(segment, frame, arranged(segment, whole))
}

function insertForeign({ frame, ledger, random, segment }: Place): Tampering | undefined {
  const other = random.oneOf(segmentsOf(ledger, segment.origin === RUNNING ? CLOSED : RUNNING))
  const foreign = bytesOf(other, random.oneOf(other.frames))
  const at = segment.frames.indexOf(frame)
  const whole = segment.frames.map((each) => bytesOf(segment, each)).toSpliced(at, 0, foreign)
  return struck(segment, frame, arranged(segment, whole))
}

/** From a frame on, in its segment and those behind it. */
function truncate({ ledger, random }: Place): Tampering | undefined {
  const segments = segmentsOf(ledger, CLOSED)
  const segment = random.oneOf(segments)
  const at = random.below(segment.frames.length)
  const first = segment.frames[at]?.first ?? 0
  const end = segments.at(-1)?.frames.at(-1)
  const cut = Buffer.from(segment.bytes).fill(
    0,
    segment.frames[at]?.offset ?? segmentHeaderLength(CLOSED),
  )
  const later = segments
    .slice(segments.indexOf(segment) + 1)
    .map(({ file }) => [file, undefined] as const)
  const last = (end?.first ?? 0) + (end?.count ?? 1) - 1
  return { changes: changed([segment.file, cut], ...later), truth: { chain: CLOSED, first, last } }
}

function struck(segment: Segment, frame: Framed, bytes: Buffer | undefined): Tampering | undefined {
  if (bytes === undefined) return undefined
  return { changes: changed([segment.file, bytes]), truth: truthOf(segment, frame) }
}
