/** The only place where a fault becomes a reply: what outsiders read says nothing of what the operator reads. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Refusal } from '../../policies/refusal.ts'
import { acceptIn, problem } from '../exchange/problem.ts'
import { LedgerFault } from '../ledger/chain.ts'
import { LedgerUnavailable } from '../ledger/entry.ts'
import { KeyStoreUnavailable } from '../ports/key-store.ts'
import { sendReply } from './send-reply.ts'

export interface FaultyVisit {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** For the operator's eyes. */
  readonly report: (fault: unknown) => void
}

export function explain(fault: unknown, visit: FaultyVisit): void {
  visit.report(fault)
  if (visit.response.headersSent) {
    visit.request.socket.destroy()
    return
  }
  sendReply(visit.response, problem(codeOf(fault), { accept: acceptIn(visit.request.rawHeaders) }))
}

function codeOf(fault: unknown): Refusal {
  if (fault instanceof LedgerUnavailable || fault instanceof LedgerFault) {
    return 'Server.Ledger.Unavailable'
  }
  return fault instanceof KeyStoreUnavailable ? 'Server.Keys.Unavailable' : 'Server.Internal'
}
