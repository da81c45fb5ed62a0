/**
 * Who comes in. Nothing of a body is read for a caller who is not known and in good standing, and whoever is turned
 * away is told why, once, before the connection closes.
 */
import type { X509Certificate } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Peer, PeerFinding, Standing } from '../../certs/peer.ts'
import type { Refusal } from '../../policies/refusal.ts'
import { memberOf, type Instant, type MemberId } from '../../policies/vocabulary.ts'
import type { Reply } from '../exchange/call.ts'
import { acceptIn, problem } from '../exchange/problem.ts'
import type { Clock } from '../ports/clock.ts'
import { faultOf } from './check-request.ts'
import { connectionOf, type Connection } from './connection.ts'
import type { Limits } from './limits.ts'
import { sendReply } from './send-reply.ts'

export interface DoorParts {
  /** `identifyPeer` of certs/, with its trust. */
  readonly identify: (certificate: X509Certificate | undefined) => PeerFinding
  readonly standing: (peer: Peer, now: Instant) => Standing
  /** What was refused before any decision, by member: one leaf a minute (design §2). */
  readonly admission: { refused(code: Refusal, member: MemberId | 'nobody'): void }
  readonly clock: Clock
  readonly limits: Limits
  /** Nothing new begins any more. Absent: that never happens. */
  readonly isStopping?: () => boolean
}

export class Door {
  readonly #parts: DoorParts

  constructor(parts: DoorParts) {
    this.#parts = parts
  }

  /** Undefined: it has been answered, or there is nothing left to answer. */
  admit(request: IncomingMessage, response: ServerResponse): Peer | undefined {
    const connection = connectionOf(request.socket)
    if (connection.closing) return undefined
    const finding = connection.finding(this.#parts.identify)
    if (finding.kind === 'refused') {
      this.turnAway(request, response, finding.code)
      return undefined
    }
    const standing = this.#parts.standing(finding.peer, this.#parts.clock.now())
    const fault = this.#stopping() ?? this.#unfit(standing, request)
    if (fault === undefined) return finding.peer
    this.turnAway(request, response, fault)
    return undefined
  }

  #stopping(): Refusal | undefined {
    return this.#parts.isStopping?.() === true ? 'Server.Stopping' : undefined
  }

  #unfit(standing: Standing, request: IncomingMessage): Refusal | undefined {
    return standing === 'good' ? faultOf(request, this.#parts.limits.headers) : standing
  }

  /** The reply of an exchange; the last one of its connection where nothing new begins any more. */
  reply(response: ServerResponse, reply: Reply): void {
    if (this.#stopping() !== undefined) response.shouldKeepAlive = false
    sendReply(response, reply)
  }

  /** Refuses this one request; the connection stays. */
  refusal(request: IncomingMessage, code: Refusal): Reply {
    this.count(code, connectionOf(request.socket))
    return problem(code, { accept: acceptIn(request.rawHeaders) })
  }

  /** Refuses and closes: what may still come of this request is not worth reading. */
  turnAway(
    request: IncomingMessage,
    response: ServerResponse,
    code: Refusal,
    allow?: readonly string[],
  ): void {
    const connection = connectionOf(request.socket)
    this.count(code, connection)
    // What is pipelined behind it would never be answered, so it must not be carried out either.
    connection.closing = true
    const { lingerMs } = this.#parts.limits
    // What Node calls once the last reply of a connection is out.
    connection.socket.destroySoon = () => {
      connection.lastWord(lingerMs)
    }
    sendReply(response, problem(code, { accept: acceptIn(request.rawHeaders), allow, close: true }))
    request.resume()
  }

  /** Only a certificate from our CA is counted under its member (design §8). */
  count(code: Refusal, connection: Connection): void {
    const found = connection.finding(this.#parts.identify)
    const member = found.kind === 'identified' ? memberOf(found.peer.subsystem) : 'nobody'
    this.#parts.admission.refused(code, member)
  }
}
