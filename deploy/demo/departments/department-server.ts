/**
 * A department's system as it would stand in its own machine room: an HTTPS server that lets in the gateway and nobody
 * else, and hands out nothing for which no exchange was recorded. Plain `node:https`; a real one is in any language.
 */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { certificateFields } from '../../../certs/certificate-fields.ts'
import { readIdentityUri } from '../../../certs/identity.ts'

/** PEM; `ca` is what the gateway's certificate is checked against. */
export interface DepartmentTls {
  readonly cert: string
  readonly key: string
  readonly ca: string | readonly string[]
}

export interface Asked {
  readonly method: string
  readonly url: URL
  readonly body: Buffer
  /** `YYYY-MM-DD`. */
  readonly today: string
}

export interface Answer {
  readonly status: number
  readonly body: object
}

export interface DepartmentServer {
  readonly url: URL
  /** Exchanges answered so far. */
  readonly answered: () => number
  close(): Promise<void>
}

const LARGEST_BODY = 65_536

export function found(body: object): Answer {
  return { status: 200, body }
}

export function notFound(code: string): Answer {
  return refused(404, code)
}

export function refused(status: number, code: string): Answer {
  // Real systems explain themselves at length, and name the machine: none of that may pass the gateway.
  return { status, body: { error: { code, message: `demo-backend-7: ${code}` }, trace: 'DEMO' } }
}

export async function startDepartment(
  tls: DepartmentTls,
  answer: (asked: Asked) => Answer,
): Promise<DepartmentServer> {
  let answered = 0
  // Here a bare TLS alert is enough: the only client is the gateway, whose operator reads this log.
  const server = createServer({ ...tlsOptions(tls), requestCert: true, rejectUnauthorized: true })
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    void serve(request, answer).then(
      (given) => {
        if (given.status === 200) answered += 1
        write(response, given)
      },
      () => request.destroy(),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: new URL(`https://127.0.0.1:${String(port)}`),
    answered: () => answered,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function serve(request: IncomingMessage, answer: (asked: Asked) => Answer): Promise<Answer> {
  if (!isGateway(request.socket)) return refused(403, 'NOT_THE_GATEWAY')
  // Design §2: no recorded intent for this very request, no data.
  if (request.headers['exchange-id'] === undefined) return refused(403, 'NO_EXCHANGE')
  if (request.headers['exchange-receipt'] === undefined) return refused(403, 'NO_RECEIPT')
  const body = await bodyOf(request)
  if (body === undefined) return refused(413, 'BODY_TOO_LARGE')
  const url = new URL(request.url ?? '/', 'https://department.invalid')
  const today = new Date().toISOString().slice(0, 10)
  return answer({ method: request.method ?? '', url, body, today })
}

/** The chain was verified by the handshake; any certificate of the CA passes that, a subsystem's as well. */
function isGateway(socket: Socket): boolean {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined
  if (certificate === undefined) return false
  const [uri, ...others] = certificateFields(certificate.raw).uris
  if (uri === undefined || others.length > 0) return false
  return readIdentityUri(uri)?.kind === 'gateway'
}

async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > LARGEST_BODY) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function write(response: ServerResponse, { status, body }: Answer): void {
  const text = Buffer.from(JSON.stringify(body))
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': text.length,
    'Cache-Control': 'no-store',
    'X-Backend': 'demo-backend-7',
  })
  response.end(text)
}

function tlsOptions({ cert, key, ca }: DepartmentTls): { cert: string; key: string; ca: string[] } {
  return { cert, key, ca: typeof ca === 'string' ? [ca] : [...ca] }
}
