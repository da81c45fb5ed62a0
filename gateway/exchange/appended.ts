/** A leaf that is in the journal has its place there, even where the log servers did not have it in time. */
import { NotReplicated } from '../ledger/entry.ts'
import type { Chain, Entry, Recorded } from '../ledger/entry.ts'

export interface Appended {
  readonly recorded: Recorded
  /** Nothing may be done on the strength of it; what was begun is finished all the same. */
  readonly isLate: boolean
}

export async function appended(ledger: Chain, entry: Entry): Promise<Appended> {
  try {
    return { recorded: await ledger.append(entry), isLate: false }
  } catch (fault) {
    if (!(fault instanceof NotReplicated)) throw fault
    return { recorded: fault.recorded, isLate: true }
  }
}
