/** What can be asked of the listener, in the order in which a request is held against it. */
import type { Express, NextFunction, Request, Response } from 'express'
import type { Peer } from '../../certs/peer.ts'
import { ExchangeId, Malformed } from '../../policies/vocabulary.ts'
import type { Reply } from '../exchange/call.ts'
import { acceptIn } from '../exchange/problem.ts'
import type { AdmitOwn } from './admission.ts'
import { takeCalls, type CallParts } from './calls.ts'
import { connectionOf } from './connection.ts'
import type { Door } from './door.ts'
import { explain } from './explain.ts'
import type { Metaservices } from './metaservices.ts'
import { sendReply } from './send-reply.ts'
import { splitUrl } from './split-url.ts'

export interface RouteParts extends CallParts {
  /** Load, for what is asked of the gateway itself: nobody may ask that without bounds either. */
  readonly admit: AdmitOwn
  readonly metaservices: Metaservices
  /** The receipt of an exchange, for its two parties only: any other is answered as if there were none. */
  readonly receipts: (exchange: ExchangeId, peer: Peer) => Promise<Reply>
}

export function route(app: Express, door: Door, parts: RouteParts): void {
  const call = takeCalls(door, parts)
  const meta = answerMetaservices(door, parts)

  app.use((request, response, next) => {
    const peer = door.admit(request, response)
    if (peer === undefined || meta(request, response, peer)) return
    // By hand and before any route: this is the way of nearly every request.
    if (request.url.startsWith('/r1/')) call(request, response, peer)
    else next()
  })
  app.get('/exchange/receipts/:exchange', async (request, response) => {
    const exchange = ExchangeId.parse(request.params.exchange)
    const { peer } = connectionOf(request.socket)
    const receipt = (): Promise<Reply> => parts.receipts(exchange, peer)
    sendOwn(response, await parts.admit(peer, receipt, () => acceptIn(request.rawHeaders)))
  })
  app.all('/exchange/receipts/:exchange', (request, response) => {
    door.turnAway(request, response, 'Client.Request.MethodNotAllowed', ['GET', 'HEAD'])
  })
  app.all('/listClients', (request, response) => {
    door.turnAway(request, response, 'Client.Request.MethodNotAllowed', ['GET', 'HEAD'])
  })
  app.use((request, response) => {
    door.turnAway(request, response, 'Client.Request.MalformedPath')
  })
  // Express knows an error handler by its four parameters.
  app.use((fault: unknown, request: Request, response: Response, _next: NextFunction) => {
    if (fault instanceof Malformed || fault instanceof URIError) {
      door.turnAway(request, response, 'Client.Request.MalformedPath')
    } else explain(fault, { request, response, report: parts.report })
  })
}

/** Whoever was not told to go on with a body may leave it out: what comes next must not be read as that body (RFC 9110 §10.1.1). */
function sendOwn(response: Response, reply: Reply): void {
  if (response.req.headers.expect !== undefined) response.shouldKeepAlive = false
  sendReply(response, reply)
}

/** True when the request was for a metaservice, and is answered. */
function answerMetaservices(
  door: Door,
  { admit, metaservices, report }: RouteParts,
): (request: Request, response: Response, peer: Peer) => boolean {
  return (request, response, peer) => {
    const asked = { ...splitUrl(request.url), method: request.method, headers: request.rawHeaders }
    const answerFor = metaservices({ ...asked, peer })
    if (answerFor === undefined) return false
    const reply = async (): Promise<Reply> => {
      const answer = answerFor()
      return typeof answer === 'string' ? door.refusal(request, answer) : answer
    }
    admit(peer, reply, () => acceptIn(request.rawHeaders))
      .then((told) => {
        sendOwn(response, told)
      })
      .catch((fault: unknown) => {
        explain(fault, { request, response, report })
      })
    return true
  }
}
