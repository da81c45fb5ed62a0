/** What takes two steps on Kafka: one hides or spoils what the other does, or several come together. */
import type { FindingKind } from '../../../gateway/ledger/finding.ts'
import type { Commit } from '../../../gateway/ports/chain-journal.ts'
import { decodeCommit, encodeCommit } from '../../../gateway/replication/message.ts'
import type { Chance } from '../../exchange/json-documents.ts'
import { copied, endOfEntries, flippedAt } from '../lane-commits.ts'
import type { Attack, Tampering, Truth } from './attack.ts'
import { CLOSED, type TamperLedger } from './ledger.ts'
import { lanesOf, sourceOfLanes, type Lanes, type Sent } from './messages.ts'

/** `forked`: the same chains under the same keys, with another decision in one place of the closed one. */
export function messagePairs(forked: Lanes): readonly Attack[] {
  const others = commitsIn(forked)
  return [
    pair('junk in several places', 4, (own, random) => {
      const junk = Array.from({ length: 1 + random.below(4) }, () => junkOf(own, others, random))
      return { commits: scattered(own, junk, random), at: junk[0], says: onlyForeign }
    }),
    pair('junk and a fork', 4, (own, random) => {
      const fork = forkOf(own, others, random)
      const junk = junkOf(own, others, random)
      const commits = scattered(own, [fork, junk], random)
      return { commits, at: fork, says: isRead(fork, commits, { own, others }) ? aFork : both }
    }),
    pair('a fork, and damage behind it', 4, (own, random) => {
      const fork = forkOf(own, others, random)
      const end = fork.first + fork.count
      const behind = own.filter(({ first }) => first >= end)
      if (behind.length === 0) return undefined
      const damaged = random.oneOf(behind)
      const at = random.below(endOfEntries(damaged))
      const whole = own.with(own.indexOf(damaged), flippedAt(damaged, at))
      const place = random.below(whole.indexOf(damaged) + 1)
      const says = (kinds: ReadonlySet<FindingKind>): boolean => kinds.has('fork') && kinds.size > 1
      const commits = whole.toSpliced(place, 0, fork)
      return { commits, at: isRead(fork, commits, { own, others }) ? fork : damaged, says }
    }),
  ]
}

interface Done {
  readonly commits: readonly Commit[]
  /** What must be located. */
  readonly at: Commit | undefined
  readonly says: NonNullable<Tampering['says']>
}

function pair(
  name: string,
  share: number,
  make: (own: readonly Commit[], random: Chance) => Done | undefined,
): Attack {
  return {
    name: `messages: ${name}`,
    share,
    within: 0,
    over: 'messages',
    make(ledger: TamperLedger, random: Chance): Tampering | undefined {
      const lanes = lanesOf(ledger)
      const done = make(commitsIn(lanes), random)
      if (done?.at === undefined) return undefined
      const { first, count } = done.at
      const truth: Truth = { chain: CLOSED, first, last: first + count - 1 }
      const sent = done.commits.map((commit): Sent => ({
        key: CLOSED,
        value: encodeCommit(commit),
        truth,
      }))
      const exchange = [...sent, ...lanes.exchange.filter(({ key }) => key !== CLOSED)]
      const source = sourceOfLanes({ ...lanes, exchange })
      return { changes: new Map(), source, truth, says: done.says }
    },
  }
}

function onlyForeign(kinds: ReadonlySet<FindingKind>): boolean {
  return kinds.size === 1 && kinds.has('foreign')
}

/**
 * Where a fork comes first, and continues what both stories have in common, the other story is read as the chain, and breaks off: the
 * fork is told and located, and what stands behind it is not judged.
 */
function isRead(
  fork: Commit,
  commits: readonly Commit[],
  { others, own }: { readonly own: readonly Commit[]; readonly others: readonly Commit[] },
): boolean {
  const isFirst = onlyIn(others, own).every(({ first }) => first >= fork.first)
  const itsPlace = own.find(({ first }) => first === fork.first)
  return isFirst && itsPlace !== undefined && commits.indexOf(fork) < commits.indexOf(itsPlace)
}

function aFork(kinds: ReadonlySet<FindingKind>): boolean {
  return kinds.has('fork')
}

function both(kinds: ReadonlySet<FindingKind>): boolean {
  return kinds.has('foreign') && kinds.has('fork')
}

function commitsIn({ exchange }: Lanes): Commit[] {
  return exchange.flatMap(({ key, value }) => (key === CLOSED ? (decodeCommit(value) ?? []) : []))
}

/** One that the key signed in the other story only. */
function forkOf(own: readonly Commit[], others: readonly Commit[], random: Chance): Commit {
  return random.oneOf(onlyIn(others, own))
}

function onlyIn(others: readonly Commit[], own: readonly Commit[]): Commit[] {
  const known = new Set(own.map(({ payload }) => payload.toString('latin1')))
  return others.filter(({ payload }) => !known.has(payload.toString('latin1')))
}

/** What anyone can make who reads the topic and may write to it. */
function junkOf(own: readonly Commit[], others: readonly Commit[], random: Chance): Commit {
  const one = random.oneOf(own)
  const other = random.oneOf(others)
  const itsPlace = own.find(({ first }) => first === other.first) ?? one
  const note = endOfEntries(one)
  const junk = random.oneOf<() => Commit>([
    () => ({
      ...one,
      count: 1 + random.below(3),
      payload: Buffer.alloc(20 + random.below(500), 7),
    }),
    () => ({ ...one, first: random.below(2 * (own.at(-1)?.first ?? 1)) }),
    () => copied([other], itsPlace),
    () => flippedAt(one, note + random.below(one.payload.length - note)),
    () => flippedAt(one, random.below(note)),
    () => {
      const some = own.slice(random.below(own.length)).slice(0, 2 + random.below(3))
      return copied(some, some.at(-1) ?? one)
    },
  ])()
  // Most leaves of the other story are the same.
  const isOwn = own.some(
    ({ first, payload }) => first === junk.first && payload.equals(junk.payload),
  )
  return isOwn ? junkOf(own, others, random) : junk
}

function scattered(own: readonly Commit[], more: readonly Commit[], random: Chance): Commit[] {
  const all = [...own]
  for (const one of more) all.splice(random.below(all.length + 1), 0, one)
  return all
}
