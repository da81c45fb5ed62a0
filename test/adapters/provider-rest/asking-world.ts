/** A provider whose every byte a test decides, and the adapter that asks it. */
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { setTimeout as pause } from 'node:timers/promises'
import { findProvider } from '../../../certs/peer-identity.ts'
import {
  makeRestProvider,
  type RestProvider,
  type RestProviderParts,
} from '../../../adapters/provider-rest/rest-provider.ts'
import type { ProviderRequest } from '../../../gateway/ports/provider.ts'
import { Instant, ServiceId, SubsystemId } from '../../../policies/vocabulary.ts'
import type { Pki, TlsFiles } from '../../harness/pki.ts'

export const PROVIDER = SubsystemId.parse('TW/GOV/A000000027/income')
export const SERVICE = ServiceId.parse('TW/GOV/A000000027/income/yearly')

export interface Department extends AsyncDisposable {
  readonly server: Server
  readonly url: URL
  /** One for each connection whose handshake ended, in order. */
  readonly sockets: TLSSocket[]
  /** Whether each of them resumed a session. */
  readonly resumed: boolean[]
  /** Answers with a TCP reset on every connection. */
  reset(): void
  /** All bytes that arrived, by connection. */
  readonly heard: string[]
}

/** `speak` is called with each whole head that arrives (and whatever follows it). */
export async function department(
  files: TlsFiles,
  speak: (socket: TLSSocket, heard: string) => void = answerOk,
  tls: { readonly maxVersion?: 'TLSv1.2' } = {},
): Promise<Department> {
  const sockets: TLSSocket[] = []
  const heard: string[] = []
  const resumed: boolean[] = []
  const raw: Socket[] = []
  const server = createServer({ ...files, requestCert: true, rejectUnauthorized: false, ...tls })
  server.on('connection', (socket) => raw.push(socket))
  server.on('secureConnection', (socket) => {
    resumed.push(socket.isSessionReused())
    const at = sockets.push(socket) - 1
    heard[at] = ''
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      heard[at] = (heard[at] ?? '') + chunk.toString('latin1')
      if (chunk.toString('latin1').includes('\r\n\r\n')) speak(socket, chunk.toString('latin1'))
    })
  })
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`)
  return {
    server,
    url,
    sockets,
    heard,
    resumed,
    reset() {
      for (const socket of raw) socket.resetAndDestroy()
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}

export function answerOk(socket: TLSSocket): void {
  socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}')
}

export function restProvider(
  pki: Pki,
  url: URL,
  parts: Partial<RestProviderParts> = {},
): RestProvider {
  return makeRestProvider({
    addresses: new Map([[PROVIDER, url]]),
    tls: pki.gatewayTls(),
    find: (certificate, expected) => findProvider(certificate, pki.trust, expected),
    standing: (peer, now) => pki.revocations.standing(peer, now),
    clock: { now: () => Instant.ofMilliseconds(Date.now()) },
    ...parts,
  })
}

export function requestOf(parts: Partial<ProviderRequest> = {}): ProviderRequest {
  return {
    service: SERVICE,
    subsystem: PROVIDER,
    method: 'POST',
    pathAndQuery: '/persons?year=113',
    headers: ['Content-Type', 'application/json', 'X-Road-Id', '7'],
    body: Buffer.from('{"id":1}'),
    deadlineMs: 1000,
    maxResponseBytes: 10_000,
    signal: new AbortController().signal,
    ...parts,
  }
}

export async function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => {
      if (error === null) resolve(count)
      else reject(error)
    })
  })
}

export async function untilConnections(server: Server, count: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if ((await connectionsOf(server)) === count) return
    await pause(10)
  }
  throw new Error(`not ${String(count)} connections`)
}
