/** The only place where a fault becomes a reply: what outsiders read says nothing of what the operator reads. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { faultCode } from '../exchange/fault-code.ts'
import { acceptIn, problem } from '../exchange/problem.ts'
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
  sendReply(
    visit.response,
    problem(faultCode(fault), { accept: acceptIn(visit.request.rawHeaders) }),
  )
}
