/** Chains that the registry never opened, and who is to be asked about them. What they say of themselves is attacker-controlled. */
import { checkEntry, recordText } from '../ledger/check-entry.ts'
import type { ChainState } from '../ledger/check-chain.ts'
import type { OpeningRecord } from '../ledger/events.ts'
import type { Finding } from '../ledger/finding.ts'
import type { KnownOfChain } from '../ledger/known-heads.ts'
import type { ChainSource, FoundChain } from '../ports/chain-source.ts'

export interface AtTheRegistry {
  readonly origin: string
  /** How far it was read. */
  readonly state: ChainState | undefined
  /** Milliseconds. */
  readonly now: number
  /** Every leaf had its record. */
  readonly isWhole: boolean
}

export interface ToLookAt {
  readonly source: ChainSource
  /** What others have seen, by origin. */
  readonly known: ReadonlyMap<string, KnownOfChain>
  readonly isOpened: (origin: string | undefined) => boolean
  readonly registry: AtTheRegistry
}

export async function* unopened({
  isOpened,
  known,
  registry,
  source,
}: ToLookAt): AsyncGenerator<Finding, void> {
  const found = await source.chains()
  for (const chain of found) {
    if (!isOpened(chain.origin)) yield await foundUnopened(chain, source, registry)
  }
  const carried = new Set(found.map(({ origin }) => origin))
  for (const [origin, others] of known) {
    const seen = isOpened(origin) || carried.has(origin) ? undefined : seenUnopened(origin, others)
    if (seen !== undefined) yield seen
  }
}

/** A name costs whoever may write to a log server nothing: only its key's signature says whose it is. */
async function foundUnopened(
  { isSigned, origin, where }: FoundChain,
  source: ChainSource,
  registry: AtTheRegistry,
): Promise<Finding> {
  const chain = origin ?? registry.origin
  const signed = (await isSigned?.()) ?? true
  if (signed !== true) {
    const what = `${where} holds something under the name of a chain that nobody opened`
    return signed === 'no key'
      ? { chain, kind: 'key-unknown', sentence: `${what}, and no key is pinned for it` }
      : { chain, kind: 'foreign', sentence: `${what}, and that its key did not sign` }
  }
  const finding: Finding = {
    ...{ chain, kind: 'chain-in-secret' },
    sentence: `${where} holds a chain that the registry never opened`,
  }
  if (origin === undefined || source.mayLag !== true) return finding
  const opening = await openingOf(origin, source)
  return mayCome(opening, registry) ? { ...finding, isAtEnd: true } : finding
}

/** Clocks of a registrar and of those who follow it differ by less. */
const CLOCKS_MS = 60_000
/** Nobody's clock is set so wrongly by chance. */
const A_DAY_MS = 86_400_000

/**
 * Whether its genesis can still come: where its first leaf is not here or says so, or the registry was not read whole. Not where the
 * registry has recorded later things before that place, for a chain is opened behind its genesis; nor where it says to have begun in a future.
 */
function mayCome(
  opening: Partial<OpeningRecord> | undefined,
  { isWhole, now, state }: AtTheRegistry,
): boolean {
  if (opening === undefined || state === undefined || !isWhole) return true
  const { at, genesis } = opening
  if (at === undefined || genesis === undefined) return false
  return genesis >= state.edge.size && state.latest <= at + CLOCKS_MS && at <= now + A_DAY_MS
}

/** Of a chain of which nothing is here but what others have seen. */
function seenUnopened(chain: string, known: KnownOfChain): Finding | undefined {
  const seen = known.any
  if (seen === undefined) return undefined
  const { by, index } = seen
  const sentence = `${by} shows leaf ${index} of a chain that the registry never opened`
  return { chain, kind: 'chain-in-secret', first: index, last: index, sentence, isAtEnd: true }
}

/** What its first leaf says; undefined where that, or its record, is not here. */
async function openingOf(
  origin: string,
  source: ChainSource,
): Promise<Partial<OpeningRecord> | undefined> {
  for await (const { bytes, parts } of source.read(origin, { from: 0, mayGrow: true })) {
    for (const part of parts) {
      if (part.type === 'damage') continue
      if (part.first !== 0 || part.isDoubtful === true) return undefined
      const entry = checkEntry(bytes, part.start, part.end)
      if ('fault' in entry || !entry.hasRecord) return undefined
      return entry.kind === 'opening' ? membersOf(recordText(entry)) : {}
    }
  }
  return undefined
}

function membersOf(record = '{}'): Partial<OpeningRecord> {
  const { at, genesis } = Object(JSON.parse(record)) as Partial<OpeningRecord>
  return {
    ...(Number.isSafeInteger(at) && { at }),
    ...(Number.isSafeInteger(genesis) && { genesis }),
  }
}
