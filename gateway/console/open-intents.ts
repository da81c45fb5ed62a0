/** Intents without an outcome: which of them may still be open, and which were passed over (L10). */
import type { ChainState } from '../ledger/check-chain.ts'
import type { LinkCheck } from '../ledger/check-links.ts'
import type { Finding } from '../ledger/finding.ts'
import type { OpenIntent } from '../ledger/pairing.ts'

/** A gateway writes an outcome a little after the deadline at the latest. */
const GRACE_MS = 30_000

export interface WasRead {
  readonly links: Pick<LinkCheck, 'newestOf'>
  /** By origin. */
  readonly states: ReadonlyMap<string, ChainState>
  /** Milliseconds: nothing is overdue that was due later. */
  readonly now: number
}

/** Undefined: an outcome may still come, or come into what was read. */
export function overdue(intent: OpenIntent, read: WasRead): Finding | undefined {
  if (!isOverdue(intent, read)) return undefined
  const { chain, index } = intent
  const sentence = `its deadline has passed, and nothing says what became of it`
  return { chain, kind: 'outcome-missing', first: index, last: index, sentence }
}

/**
 * By what its gateway has recorded since, not by our clock: a copy, or a gateway that has stopped, says nothing of what came later. A
 * chain that crashed is finished by its gateway's next one.
 */
function isOverdue({ chain, deadline }: OpenIntent, { links, now, states }: WasRead): boolean {
  const newest = links.newestOf(chain)
  if (newest === undefined) return false
  const due = newest.chain === chain ? deadline : Math.max(deadline, newest.at)
  const reached = states.get(newest.chain)?.latest ?? 0
  return due + GRACE_MS < Math.min(reached, now)
}
