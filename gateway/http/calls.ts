/** A request for a service becomes a call of the exchange: its body whole and bounded, its end known when it leaves. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Peer } from '../../certs/peer.ts'
import { memberOf } from '../../policies/vocabulary.ts'
import type { Call, Reply } from '../exchange/call.ts'
import { connectionOf } from './connection.ts'
import type { Door } from './door.ts'
import { explain } from './explain.ts'
import type { Limits } from './limits.ts'
import { Places } from './places.ts'
import { readBody } from './read-body.ts'
import { splitUrl } from './split-url.ts'

export interface CallParts {
  readonly exchange: (call: Call) => Promise<Reply>
  /** By the raw path from `/r1/`; undefined where no registered service says. */
  readonly maxRequestBytes: (path: string) => number | undefined
  /** A fault of our own, for the operator's eyes. */
  readonly report: (fault: unknown) => void
  readonly limits: Limits
}

type TakeCall = (request: IncomingMessage, response: ServerResponse, peer: Peer) => void

export function takeCalls(door: Door, parts: CallParts): TakeCall {
  const { limits } = parts
  const places = new Places(limits.inFlight)

  async function exchange(response: ServerResponse, call: Call): Promise<void> {
    try {
      const reply = await parts.exchange(call)
      // Who has left can't be answered; the record of the exchange stands all the same.
      if (!call.signal.aborted) door.reply(response, reply)
    } catch (fault) {
      explain(fault, { request: response.req, response, report: parts.report })
    }
  }

  function take(visit: Visit, body: Buffer | undefined): void {
    const { calls } = connectionOf(visit.request.socket)
    const leaving = new AbortController()
    calls.add(leaving)
    void exchange(visit.response, callOf(visit, body, leaving.signal)).then(() => {
      visit.leave()
      calls.delete(leaving)
    })
  }

  return (request, response, peer) => {
    const leave = places.enter(memberOf(peer.subsystem))
    if (leave === undefined) {
      door.turnAway(request, response, 'Server.Overloaded')
      return
    }
    const target = splitUrl(request.url ?? '')
    const limit = parts.maxRequestBytes(target.path) ?? limits.bodyBytes
    readBody(request, response, limit, (read) => {
      if (read.kind === 'read') {
        take({ request, response, peer, target, leave }, read.body)
        return
      }
      leave()
      if (read.kind === 'too-large') {
        door.turnAway(request, response, 'Client.Request.BodyTooLarge')
      }
    })
  }
}

interface Visit {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly peer: Peer
  readonly target: ReturnType<typeof splitUrl>
  /** Gives its place back; to be called once. */
  readonly leave: () => void
}

function callOf(visit: Visit, body: Buffer | undefined, signal: AbortSignal): Call {
  const { request, peer, target } = visit
  return {
    method: request.method ?? '',
    path: target.path,
    query: target.query,
    headers: request.rawHeaders,
    body,
    peer,
    signal,
  }
}
