/** A department system of the demo as a client: plain node:https with its own certificate, as any X-Road client would. */
import { request } from 'node:https'
import type { IncomingHttpHeaders } from 'node:http'

export interface ClientIdentity {
  readonly cert: string
  readonly key: string
  readonly ca: string
}

export interface Asked {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly milliseconds: number
}

export interface Asking {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
}

export function ask(identity: ClientIdentity, asking: Asking): Promise<Asked> {
  const began = performance.now()
  return new Promise((resolve, reject) => {
    const { url, method, headers, body } = asking
    const sent = request(url, { ...identity, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
          milliseconds: performance.now() - began,
        })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
