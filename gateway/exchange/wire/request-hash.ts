/**
 * X-Road-Request-Hash: binds a reply to the very request, and a caller can recompute it from what it sent and from
 * the X-Road-Request-Id (and X-Road-Id) of the reply (X-Road PR-REST 4.7; RestRequest.java).
 */
import { hash } from 'node:crypto'
import { HOP_BY_HOP } from './hop-by-hop.ts'

export interface HashedRequest {
  readonly method: string
  /** Path and query as received. */
  readonly target: string
  /** Name, value, … in order of arrival, spelling as received. */
  readonly headers: readonly string[]
  readonly requestId: string
  /** The X-Road-Id that the gateway made, where the caller sent none. */
  readonly generatedId?: string | undefined
  /** An empty body is no body. */
  readonly body?: Uint8Array | undefined
}

/** Base64 of SHA-512(head), or of SHA-512(SHA-512(head) || SHA-512(body)). */
export function requestHash(request: HashedRequest): string {
  // Node shows each header byte as one character: latin1 brings back the bytes that were sent.
  const head = Buffer.from(headOf(request), 'latin1')
  const { body } = request
  if (body === undefined || body.length === 0) return hash('sha512', head, 'base64')
  const digests = Buffer.concat([hash('sha512', head, 'buffer'), hash('sha512', body, 'buffer')])
  return hash('sha512', digests, 'base64')
}

/** Made anew by the gateway: a caller's own are not part of the hash. */
const REPLACED: ReadonlySet<string> = new Set(['x-road-request-id', 'x-road-request-hash'])

function headOf(request: HashedRequest): string {
  let head = `${request.method}\r\n${request.target}\r\n`
  const { headers } = request
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] ?? ''
    const lower = name.toLowerCase()
    if (!HOP_BY_HOP.has(lower) && !REPLACED.has(lower))
      head += `${name}:${headers[at + 1] ?? ''}\r\n`
  }
  head += `x-road-request-id:${request.requestId}\r\n`
  if (request.generatedId !== undefined) head += `x-road-id:${request.generatedId}\r\n`
  return head
}
