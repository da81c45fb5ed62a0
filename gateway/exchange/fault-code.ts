/** The code under which a fault of our own is answered and counted. */
import type { Refusal } from '../../policies/refusal.ts'
import { LedgerFault } from '../ledger/chain.ts'
import { LedgerUnavailable, NotReplicated } from '../ledger/entry.ts'
import { KeyStoreUnavailable } from '../ports/key-store.ts'

export function faultCode(fault: unknown): Refusal {
  if (
    fault instanceof LedgerUnavailable ||
    fault instanceof NotReplicated ||
    fault instanceof LedgerFault
  ) {
    return 'Server.Ledger.Unavailable'
  }
  return fault instanceof KeyStoreUnavailable ? 'Server.Keys.Unavailable' : 'Server.Internal'
}
