/** Tells telemetry of a listener's requests and connections. Nothing of a request but its method, kind of path, status and time. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server } from 'node:https'
import type { Telemetry } from '../ports/telemetry.ts'

export function tellRequests(server: Server, { now, tell }: Telemetry): void {
  const note = (request: IncomingMessage, response: ServerResponse): void => {
    const began = now()
    response.once('close', () => {
      tell({
        kind: 'request',
        method: request.method ?? '',
        route: routeOf(request.url ?? ''),
        status: response.headersSent ? response.statusCode : undefined,
        began,
        ended: now(),
      })
    })
  }
  // Before the listener that answers: the time counts from the first moment.
  server.prependListener('request', note)
  server.prependListener('checkContinue', note)
  server.prependListener('checkExpectation', note)
  server.on('connection', (socket) => {
    tell({ kind: 'connection', change: 'opened' })
    socket.once('close', () => {
      tell({ kind: 'connection', change: 'closed' })
    })
  })
  server.on('tlsClientError', () => {
    tell({ kind: 'connection', change: 'handshake-failed' })
  })
}

function routeOf(url: string): 'exchange' | 'receipt' | 'other' {
  if (url.startsWith('/r1/')) return 'exchange'
  return url.startsWith('/exchange/receipts/') ? 'receipt' : 'other'
}
