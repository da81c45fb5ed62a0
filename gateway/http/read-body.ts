/** The whole body of a request, counted while it comes in; nothing above the limit is kept. */
import type { IncomingMessage, ServerResponse } from 'node:http'

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
  let chunks: Buffer[] = []
  let received = 0
  let over = false

  function end(read: BodyRead): void {
    if (over) return
    over = true
    chunks = []
    done(read)
  }

  request.on('data', (chunk: Buffer) => {
    if (over) return
    received += chunk.length
    chunks.push(chunk)
    if (received > limit) end({ kind: 'too-large' })
  })
  request.on('end', () => {
    end({ kind: 'read', body: whole(chunks, received) })
  })
  request.on('error', () => {
    end({ kind: 'gone' })
  })
  request.on('close', () => {
    end({ kind: 'gone' })
  })
}

/** No chunk is no body (X-Road counts an empty body as none). */
function whole(chunks: readonly Buffer[], length: number): Buffer | undefined {
  if (length === 0) return undefined
  const only = chunks.length === 1 ? chunks[0] : undefined
  return only ?? Buffer.concat(chunks, length)
}
