/** A reply becomes bytes: one head, one body, one write. */
import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { Instant } from '../../policies/vocabulary.ts'
import type { Reply } from '../exchange/call.ts'

/** Throws `ERR_INVALID_CHAR` for a header that would break out of its line; then nothing was sent. */
export function sendReply(response: ServerResponse, reply: Reply): void {
  response.writeHead(reply.status, withLength(reply))
  response.end(reply.body)
}

/** For a connection that has no request to answer: a broken one, or CONNECT. Headers are our own only. */
export function replyBytes(reply: Reply, now: Instant): Buffer {
  const lines = [`HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status] ?? ''}`]
  const headers = ['Date', new Date(now).toUTCString(), ...withLength(reply)]
  for (let at = 0; at + 1 < headers.length; at += 2) {
    lines.push(`${headers[at] ?? ''}: ${headers[at + 1] ?? ''}`)
  }
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), reply.body])
}

/** RFC 9110 8.6: no Content-Length where there can be no body. */
function withLength(reply: Reply): string[] {
  const headers = [...reply.headers]
  if (reply.status !== 204 && reply.status !== 304) {
    headers.push('Content-Length', String(reply.body.length))
  }
  return headers
}
