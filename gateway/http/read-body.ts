/** The whole body of a request, counted while it comes in; nothing above the limit is kept. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { GatheredBytes } from '../exchange/wire/gathered-bytes.ts'

export type BodyRead =
  | { readonly kind: 'read'; readonly body: Buffer | undefined }
  | { readonly kind: 'too-large' }
  /** The consumer left, or broke off: there is nobody to answer. */
  | { readonly kind: 'gone' }

/** Calls back once; at once for a request without a body, whatever its method. */
export function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  limit: number,
  done: (read: BodyRead) => void,
): void {
  const length = request.headers['content-length']
  if (length === undefined ? request.headers['transfer-encoding'] === undefined : length === '0') {
    done({ kind: 'read', body: undefined })
  } else if (length !== undefined && Number(length) > limit) {
    done({ kind: 'too-large' })
  } else {
    // Only now is the caller asked to go on (RFC 9110 10.1.1).
    if (request.headers.expect !== undefined) response.writeContinue()
    collect(request, limit, done)
  }
}

function collect(request: IncomingMessage, limit: number, done: (read: BodyRead) => void): void {
  const gathered = new GatheredBytes()
  let over = false

  function end(read: BodyRead): void {
    if (over) return
    over = true
    gathered.clear()
    done(read)
  }

  request.on('data', (chunk: Buffer) => {
    if (over) return
    if (gathered.length + chunk.length > limit) end({ kind: 'too-large' })
    else gathered.add(chunk)
  })
  request.on('end', () => {
    // No chunk is no body (X-Road counts an empty body as none). A refused one is not put together.
    if (!over) end({ kind: 'read', body: gathered.length === 0 ? undefined : gathered.whole() })
  })
  request.on('error', () => {
    end({ kind: 'gone' })
  })
  request.on('close', () => {
    end({ kind: 'gone' })
  })
}
