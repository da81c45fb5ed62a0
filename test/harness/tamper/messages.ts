/** A ledger as Kafka holds it, in memory, and what can be done to it there. */
import { laneSource } from '../../../gateway/replication/lane-source.ts'
import { encodeCommit } from '../../../gateway/replication/message.ts'
import type { ChainSource } from '../../../gateway/ports/chain-source.ts'
import type { Lane, ReadMessage } from '../../../gateway/ports/log-transport.ts'
import { parsePinnedKeys } from '../../../gateway/ledger/pinned-keys.ts'
import { KEYS, REGISTRY } from '../small-ledger.ts'
import type { Attack, Tampering, Truth } from './attack.ts'
import { flipped } from './journal-attacks.ts'
import { CLOSED, RUNNING } from './ledger.ts'
import type { TamperLedger } from './ledger.ts'
import type { Chance } from '../../exchange/json-documents.ts'
import { segmentsOf } from './segments.ts'

export interface Sent {
  readonly key: string
  readonly value: Buffer
  /** Leaves of the commit. */
  readonly truth: Truth
}

/** The two lanes of one gateway. */
export type Lanes = Readonly<Record<'registry' | 'exchange', readonly Sent[]>>

export function lanesOf(ledger: Pick<TamperLedger, 'data' | 'files'>): Lanes {
  return {
    registry: commitsOf(ledger, REGISTRY),
    exchange: [...commitsOf(ledger, CLOSED), ...commitsOf(ledger, RUNNING)],
  }
}

/** A checkpoint that stands alone in the journal goes with its leaves. */
export function commitsOf(ledger: Pick<TamperLedger, 'data' | 'files'>, origin: string): Sent[] {
  const frames = segmentsOf(ledger, origin).flatMap((segment) => segment.frames)
  return frames.flatMap((frame, at): Sent[] => {
    const { count, entries, first } = frame
    if (frame.type === 'checkpoint') return []
    const note = frame.type === 'batch' ? frame.note : (frames[at + 1]?.note ?? Buffer.alloc(0))
    const value = encodeCommit({ first, count, payload: Buffer.concat([...entries, note]) })
    return [{ key: origin, value, truth: { chain: origin, first, last: first + count - 1 } }]
  })
}

/** As they are when they are read. Offsets begin at `low`: what was in front of them is deleted. */
export function sourceOfLanes(lanes: Lanes, low = 0, settle?: () => Promise<void>): ChainSource {
  const openReader = ({
    topic,
  }: Lane): ReturnType<Parameters<typeof laneSource>[0]['openReader']> => {
    const all = topic === 'registry' ? lanes.registry : lanes.exchange
    return Promise.resolve({
      read(offset) {
        // A few at a time, as a broker gives them.
        const from = Math.max(offset, low)
        const given = all.slice(from - low, from - low + 7)
        const messages = given.map(({ key, value }, at): ReadMessage => ({
          key,
          value,
          offset: from + at,
        }))
        const next = from + given.length
        return Promise.resolve({ messages, next, low, high: low + all.length })
      },
      close: () => Promise.resolve(),
    })
  }
  return laneSource({ partitions: 1, openReader }, parsePinnedKeys(KEYS), settle)
}

export const MESSAGE_ATTACKS: readonly Attack[] = [
  messages('flip a bit', 8, flip),
  messages('drop a commit', 4, (place) => rearranged(place, (all, at) => all.toSpliced(at, 1))),
  messages('put a commit of the other chain in its place', 3, (place) =>
    rearranged(place, (all, at) => all.toSpliced(at, 1, { ...all[at]!, value: place.other.value })),
  ),
  messages('send other bytes for the same leaves', 4, fork),
  messages('delete the oldest', 3, deleteOldest),
  messages('truncate a closed chain', 3, truncate),
]

interface Place {
  readonly lanes: Lanes
  readonly lane: keyof Lanes
  readonly at: number
  readonly other: Sent
  readonly random: Chance
}

function messages(
  name: string,
  share: number,
  make: (place: Place) => Tampering | undefined,
): Attack {
  return {
    name: `messages: ${name}`,
    share,
    within: 0,
    over: 'messages',
    make(ledger, random) {
      const lanes = lanesOf(ledger)
      const lane = random.oneOf(['exchange', 'exchange', 'registry'] as const)
      const other = random.oneOf(lanes[lane === 'exchange' ? 'registry' : 'exchange'])
      return make({ lanes, lane, at: random.below(lanes[lane].length), other, random })
    },
  }
}

function tampered({ lane, lanes }: Place, all: readonly Sent[], truth: Truth): Tampering {
  return { changes: new Map(), source: sourceOfLanes({ ...lanes, [lane]: all }), truth }
}

function flip(place: Place): Tampering {
  const { at, lane, lanes, random } = place
  const all = lanes[lane]
  const one = all[at]!
  const value = flipped(one.value, random.below(one.value.length), random)
  // A first index or a count that is another one leaves the commit itself missing.
  return tampered(place, all.with(at, { ...one, value }), one.truth)
}

type Rearrange = (all: readonly Sent[], at: number) => Sent[]

/** The newest commit of the running chain can be missing unseen, until a receipt says so. */
function rearranged(place: Place, rearrange: Rearrange): Tampering | undefined {
  const all = place.lanes[place.lane]
  const one = all[place.at]
  if (one === undefined || all[place.at + 1]?.key !== one.key) return undefined
  return tampered(place, rearrange(all, place.at), one.truth)
}

function fork(place: Place): Tampering {
  const all = place.lanes[place.lane]
  const one = all[place.at]!
  const later = place.at + 1 + place.random.below(all.length - place.at)
  const value = flipped(one.value, one.value.length - 1 - place.random.below(100), place.random)
  return tampered(place, all.toSpliced(later, 0, { ...one, value }), one.truth)
}

/** DeleteRecords: what is behind it keeps its offsets. */
function deleteOldest({ lanes, random }: Place): Tampering {
  const count = 1 + random.below(20)
  const [gone, left] = [lanes.exchange.slice(0, count), lanes.exchange.slice(count)]
  const last = gone.at(-1)?.truth.last ?? 0
  const source = sourceOfLanes({ ...lanes, exchange: left }, count)
  return { changes: new Map(), source, truth: { chain: CLOSED, first: 0, last } }
}

function truncate({ lanes, random }: Place): Tampering {
  const closed = lanes.exchange.filter(({ key }) => key === CLOSED)
  const at = 1 + random.below(closed.length - 1)
  const gone = new Set(closed.slice(at))
  const exchange = lanes.exchange.filter((sent) => !gone.has(sent))
  const [first, last] = [closed[at]?.truth.first ?? 0, closed.at(-1)?.truth.last ?? 0]
  return {
    changes: new Map(),
    source: sourceOfLanes({ ...lanes, exchange }),
    truth: { chain: CLOSED, first, last },
  }
}
