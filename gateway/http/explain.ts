/** The only place where a fault becomes a reply: what outsiders read says nothing of what the operator reads. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { acceptIn, problem } from '../exchange/problem.ts'
import { LedgerUnavailable } from '../ledger/entry.ts'
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
  const code = fault instanceof LedgerUnavailable ? 'Server.Ledger.Unavailable' : 'Server.Internal'
  sendReply(visit.response, problem(code, { accept: acceptIn(visit.request.rawHeaders) }))
}
