/**
 * The registrar's door for the other gateways of the instance (design §4): mutual TLS, and nothing but two calls.
 *
 *     GET  /registry/commits?from=N   {"commits": [{"first", "count", "payload": base64}]} | 409 {"refused": words}
 *     POST /registry/leaves           {"kind", "record"}  →  200 {"index"} | 409 {"refused": words}
 */
import type { X509Certificate } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server, type ServerOptions } from 'node:https'
import { TLSSocket } from 'node:tls'
import type { ErrorRequestHandler, Express, Request, Response } from 'express'
import type { Credential, Standing } from '../../certs/peer.ts'
import type { GatewayFinding } from '../../certs/peer-identity.ts'
import type { GatewayId, Instant } from '../../policies/vocabulary.ts'
import type { Clock } from '../ports/clock.ts'
import { KINDS } from '../ledger/leaf.ts'
import type { HandedIn, RegistrarDesk } from '../registry/registrar-desk.ts'
import { readBody } from './read-body.ts'
import { bounded, REQUEST_MS, sideApp } from './side-door.ts'

/** PEM. */
interface Tls {
  readonly cert: string
  readonly key: string
  readonly ca: readonly string[]
}

export interface RegistrarListenerParts {
  /** In use now: another one is shown to whoever connects from then on. */
  readonly tls: () => Tls
  readonly identify: (certificate: X509Certificate | undefined) => GatewayFinding
  readonly standing: (credential: Credential, now: Instant) => Standing
  readonly clock: Clock
  readonly desk: RegistrarDesk
  /** A fault of our own, for the operator's eyes. */
  readonly report: (fault: unknown) => void
}

const SILENCE_MS = 60_000
/** The largest record twice, as JSON may spell it. */
const LONGEST_BODY = 256 * 1024

/** Not yet listening. */
export function makeRegistrarListener(parts: RegistrarListenerParts): Server {
  const app = sideApp()
  route(app, parts)
  let shown = parts.tls()
  const server = createServer({ ...tlsOptions(shown), handshakeTimeout: REQUEST_MS }, app)
  // Before the handshake begins: a certificate that was renewed (SIGHUP) is shown from now on.
  server.prependListener('connection', () => {
    const tls = parts.tls()
    if (tls !== shown) server.setSecureContext(tlsOptions(tls))
    shown = tls
  })
  return bounded(server, SILENCE_MS)
}

function tlsOptions({ ca, cert, key }: Tls): ServerOptions {
  return {
    ...{ cert, key, ca: [...ca], minVersion: 'TLSv1.3' },
    // A stranger is told why, once, instead of a bare alert (design §8).
    ...{ requestCert: true, rejectUnauthorized: false },
  }
}

function route(app: Express, parts: RegistrarListenerParts): void {
  const { desk } = parts
  app.get('/registry/commits', (request, response) => {
    if (gatewayOf(request, response, parts) === undefined) return
    const from = Number(new URL(request.url, 'https://registrar').searchParams.get('from'))
    const size = desk.size()
    if (!Number.isSafeInteger(from) || from < 0) send(response, 400, { refused: 'from=N is due' })
    else if (from > size) send(response, 409, { refused: putBack(from, size) })
    else send(response, 200, { commits: desk.commits(from).map(spelled) })
  })
  app.post('/registry/leaves', (request, response) => {
    const gateway = gatewayOf(request, response, parts)
    if (gateway === undefined) return
    readBody(request, response, LONGEST_BODY, (read) => {
      const entry = read.kind === 'read' ? handedIn(read.body) : undefined
      if (read.kind === 'gone') return
      if (entry === undefined) send(response, 400, { refused: 'not a leaf of the registry' })
      else void handIn(response, { gateway, entry, parts })
    })
  })
  app.use((_request, response) => {
    send(response, 404, { refused: 'nothing of this name is here' })
  })
  // Otherwise express answers a fault of ours with its stack.
  const failed: ErrorRequestHandler = (fault: unknown, _request, response, _next) => {
    parts.report(fault)
    if (response.headersSent) response.destroy()
    else send(response, 503, { refused: 'the registry can not be read now' })
  }
  app.use(failed)
}

function putBack(from: number, size: number): string {
  return `${String(from)} leaves of the registry were followed, and the registrar has ${String(size)}: it was put back to an earlier state. Keep the folder that has them, and ask who runs the registrar`
}

/** Undefined: it has been answered. */
function gatewayOf(
  request: Request,
  response: Response,
  { clock, identify, standing }: RegistrarListenerParts,
): GatewayId | undefined {
  const found = identify(certificateOf(request))
  const code = found.kind === 'refused' ? found.code : standing(found.credential, clock.now())
  if (found.kind === 'identified' && code === 'good') return found.gateway
  response.setHeader('Connection', 'close')
  send(response, 401, { refused: code })
  return undefined
}

function certificateOf({ socket }: IncomingMessage): X509Certificate | undefined {
  return socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined
}

function handedIn(body: Buffer | undefined): HandedIn | undefined {
  try {
    const { kind, record } = JSON.parse((body ?? '').toString('utf8')) as Record<string, unknown>
    const known = KINDS.get(String(kind))
    return known === undefined || typeof record !== 'string' ? undefined : { kind: known, record }
  } catch {
    return undefined
  }
}

async function handIn(
  response: ServerResponse,
  its: {
    readonly gateway: GatewayId
    readonly entry: HandedIn
    readonly parts: RegistrarListenerParts
  },
): Promise<void> {
  const { entry, gateway, parts } = its
  try {
    const answer = await parts.desk.handIn(gateway, entry)
    if (answer.kind === 'recorded') send(response, 200, { index: answer.index })
    else send(response, 409, { refused: answer.why })
  } catch (fault) {
    parts.report(fault)
    send(response, 503, { refused: 'the registry can not record now' })
  }
}

function spelled({ count, first, payload }: ReturnType<RegistrarDesk['commits']>[number]): object {
  return { first, count, payload: payload.toString('base64') }
}

function send(response: ServerResponse, status: number, value: object): void {
  const body = JSON.stringify(value)
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
  })
  response.end(body)
}
