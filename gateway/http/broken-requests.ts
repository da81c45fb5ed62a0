/**
 * What Node's server could not make a request of: broken HTTP, timeouts, failed handshakes. Whoever can still be told
 * is told; every such socket is closed (a listener that only writes leaves failed handshakes open for ever).
 */
import type { Server } from 'node:https'
import type { Duplex } from 'node:stream'
import type { Refusal } from '../../policies/refusal.ts'
import { problem } from '../exchange/problem.ts'
import type { Clock } from '../ports/clock.ts'
import { securedConnection, type Connection } from './connection.ts'
import { replyBytes } from './send-reply.ts'

export interface BrokenRequestParts {
  readonly lingerMs: number
  readonly clock: Clock
  readonly count: (code: Refusal, connection: Connection) => void
}

export function answerBrokenRequests(server: Server, parts: BrokenRequestParts): void {
  // Failed handshakes come here as well (`tlsClientError`), and so do resets.
  server.on('clientError', (error: Error, socket) => {
    tell(socket, codeOf(error), parts)
  })
  server.on('connect', (_request, socket) => {
    tell(socket, 'Client.Request.MethodNotAllowed', parts)
  })
}

function tell(socket: Duplex, code: Refusal | undefined, parts: BrokenRequestParts): void {
  const connection = securedConnection(socket)
  if (connection === undefined || code === undefined || !socket.writable) {
    // Before the end of the handshake, or after the end of the connection, there is nobody to tell.
    socket.destroy()
    return
  }
  // The parser goes on complaining about what still comes in; the first word was the last.
  if (connection.closing) return
  parts.count(code, connection)
  if (connection.calls.size > 0) {
    // Our words would be read as the answer to an exchange that is still under way.
    socket.destroy()
    return
  }
  socket.on('error', ignored)
  connection.lastWord(parts.lingerMs, replyBytes(problem(code, { close: true }), parts.clock.now()))
}

function ignored(): void {
  // The socket is being closed; what it still has to say changes nothing.
}

function codeOf(error: Error): Refusal | undefined {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (code === 'HPE_HEADER_OVERFLOW') return 'Client.Request.HeadersTooLarge'
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return 'Client.Request.BodyTooLarge'
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'Client.Request.TooSlow'
  // Anything else (ECONNRESET, EPROTO, a TLS alert) is the connection's end, not a request.
  return code.startsWith('HPE_') ? 'Client.Request.Malformed' : undefined
}
