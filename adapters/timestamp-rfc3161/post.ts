/** One question to a time-stamping authority (RFC 3161 §3.4): bounded in time and size, no redirects. */
import { request as requestHttp } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'

const MOST_BYTES = 64 * 1024

/** Rejects where no whole answer of the right type came. */
export function post(url: URL, body: Uint8Array, signal: AbortSignal): Promise<Buffer> {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp
  const headers = { 'Content-Type': 'application/timestamp-query', 'Content-Length': body.length }
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers, signal, agent: false }, (answer) => {
      read(answer).then(resolve, (fault: unknown) => {
        sent.destroy()
        reject(fault instanceof Error ? fault : new Error('no answer'))
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

async function read(answer: IncomingMessage): Promise<Buffer> {
  const type = answer.headers['content-type'] ?? ''
  if (answer.statusCode !== 200 || !/^application\/timestamp-reply\s*(;|$)/i.test(type))
    throw new Error('not a time-stamp response')
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MOST_BYTES) throw new Error('the answer is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
