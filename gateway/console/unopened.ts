/** Chains that the registry never opened, and who is to be asked about them. What they say of themselves is attacker-controlled. */
import { checkEntry, recordText } from '../ledger/check-entry.ts'
import type { Finding } from '../ledger/finding.ts'
import type { KnownOfChain } from '../ledger/known-heads.ts'
import type { ChainSource, FoundChain } from '../ports/chain-source.ts'

export interface AtTheRegistry {
  readonly origin: string
  /** How many leaves of it were read. */
  readonly size: number
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
  const asksItself = origin !== undefined && source.mayLag === true
  const genesis = asksItself ? await genesisOf(origin, source) : undefined
  const finding: Finding = {
    ...{ chain, kind: 'chain-in-secret' },
    sentence: `${where} holds a chain that the registry never opened`,
  }
  return genesis !== undefined && genesis >= registry.size ? { ...finding, isAtEnd: true } : finding
}

/** Of a chain of which nothing is here but what others have seen. */
function seenUnopened(chain: string, known: KnownOfChain): Finding | undefined {
  const seen = known.any
  if (seen === undefined) return undefined
  const { by, index } = seen
  const sentence = `${by} shows leaf ${index} of a chain that the registry never opened`
  return { chain, kind: 'chain-in-secret', first: index, last: index, sentence, isAtEnd: true }
}

/** The index of its genesis in the registry, as its first leaf names it; undefined where it names none. */
async function genesisOf(origin: string, source: ChainSource): Promise<number | undefined> {
  for await (const { bytes, parts } of source.read(origin, { from: 0, mayGrow: true })) {
    for (const part of parts) {
      if (part.type === 'damage') continue
      const entry = part.first === 0 ? checkEntry(bytes, part.start, part.end) : undefined
      if (entry === undefined || 'fault' in entry || entry.kind !== 'opening') return undefined
      return indexIn(recordText(entry))
    }
  }
  return undefined
}

function indexIn(record = '{}'): number | undefined {
  const opening = JSON.parse(record) as { readonly genesis?: unknown } | null
  const genesis = opening?.genesis
  return Number.isSafeInteger(genesis) ? (genesis as number) : undefined
}
