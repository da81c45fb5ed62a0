/**
 * A chain whose `append` waits, for those leaves that somebody is answered for, until the log server has them too
 * (`durability: replicated`), and which takes nothing new when too much waits to be sent.
 */
import { LedgerUnavailable, NotReplicated } from '../ledger/entry.ts'
import type { Chain, LeafKind, Recorded } from '../ledger/entry.ts'

export interface Waits {
  /** Resolves true once so many leaves of the chain are at the log server; false: not in time, or never. */
  until(origin: string, size: number): Promise<boolean>
}

/** Leaves that an exchange, a chain or a person's key depends on; others are told to nobody and follow in order. */
const AWAITED: ReadonlySet<LeafKind> = new Set<LeafKind>([
  ...(['intent', 'denial', 'outcome', 'genesis'] as const),
  ...(['erasure', 'access', 'hold', 'release'] as const),
])

export function replicatedChain(
  chain: Chain,
  accepts: () => boolean,
  waits: Waits | undefined,
): Chain {
  return {
    origin: chain.origin,
    head: () => chain.head(),
    accepts: () => accepts() && chain.accepts(),
    close: () => chain.close(),
    append(entry) {
      if (entry.finishes !== true && !accepts()) return Promise.reject(tooMuchWaits())
      const appending = chain.append(entry)
      if (waits === undefined || !AWAITED.has(entry.kind)) return appending
      return replicated(appending, chain.origin, waits)
    },
  }
}

async function replicated(
  appending: Promise<Recorded>,
  origin: string,
  waits: Waits,
): Promise<Recorded> {
  const recorded = await appending
  if (await waits.until(origin, recorded.index + 1)) return recorded
  throw new NotReplicated(recorded)
}

function tooMuchWaits(): LedgerUnavailable {
  return new LedgerUnavailable('too much waits to be replicated')
}
