/** A listener on a loopback port with real certificates, and a client that sends exactly the bytes it is told to. */
import { once } from 'node:events'
import type { Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { identifyPeer } from '../../certs/peer-identity.ts'
import type { Call, Reply } from '../../gateway/exchange/call.ts'
import {
  makeExchangeListener,
  type ExchangeListenerParts,
} from '../../gateway/http/exchange-listener.ts'
import { Instant, SubsystemId } from '../../policies/vocabulary.ts'
import type { Pki, TlsFiles } from '../harness/pki.ts'

export const CONSUMER = SubsystemId.parse('TW/GOV/A000000018/welfare')
export const PATH = '/r1/TW/GOV/A000000027/income/yearly'

export interface Listening extends AsyncDisposable {
  readonly server: Server
  readonly port: number
  /** `code member`, in order. */
  readonly refused: string[]
  readonly faults: unknown[]
  readonly calls: Call[]
}

export type Parts = Partial<ExchangeListenerParts>

export async function listening(pki: Pki, parts: Parts = {}): Promise<Listening> {
  const refused: string[] = []
  const faults: unknown[] = []
  const calls: Call[] = []
  const answer = parts.exchange ?? (() => Promise.resolve(OK))
  const server = makeExchangeListener({
    tls: pki.gatewayTls(),
    identify: (certificate) => identifyPeer(certificate, pki.trust),
    standing: (peer, now) => pki.revocations.standing(peer, now),
    admit: (_peer, work) => work(),
    metaservices: () => undefined,
    receipts: () => Promise.resolve(OK),
    maxRequestBytes: () => undefined,
    admission: { refused: (code, member) => refused.push(`${code} ${member}`) },
    report: (fault) => faults.push(fault),
    clock: { now: () => Instant.ofMilliseconds(Date.now()) },
    ...parts,
    exchange: (call) => {
      calls.push(call)
      return answer(call)
    },
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    server,
    port,
    refused,
    faults,
    calls,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}

export const OK: Reply = {
  status: 200,
  headers: ['Content-Type', 'application/json'],
  body: Buffer.from('{}'),
}

export interface RawClient {
  readonly socket: TLSSocket
  send(text: string | Buffer): void
  /** Everything received until now. */
  received(): string
  /** Resolves once the pattern has been received; rejects when the connection closes first. */
  until(pattern: RegExp): Promise<string>
  /** Everything received until the connection closed. */
  closed(): Promise<string>
}

export async function rawClient(
  port: number,
  tls: ConnectionOptions | TlsFiles,
): Promise<RawClient> {
  const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ...tls })
  let text = ''
  let ended = false
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  socket.on('error', () => undefined)
  socket.on('close', () => (ended = true))
  await new Promise((resolve) => {
    socket.once('secureConnect', resolve).once('close', resolve)
  })
  return {
    socket,
    send: (bytes) => socket.write(bytes),
    received: () => text,
    async until(pattern) {
      while (!pattern.test(text)) {
        if (ended) throw new Error(`closed before ${String(pattern)}: ${text}`)
        await pause(2)
      }
      return text
    },
    async closed() {
      if (!ended) await once(socket, 'close')
      return text
    },
  }
}

/** One request, one reply, on a connection of its own. */
export async function ask(port: number, tls: TlsFiles, head: string, body = ''): Promise<string> {
  const client = await rawClient(port, tls)
  client.send(`${head}\r\nHost: gateway\r\nConnection: close\r\n\r\n${body}`)
  return client.closed()
}

export async function openConnections(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => {
      if (error === null) resolve(count)
      else reject(error)
    })
  })
}

/** Waits, for at most two seconds, until the listener has no connection left. */
export async function nothingOpen(server: Server): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if ((await openConnections(server)) === 0) return
    await pause(10)
  }
  throw new Error('a connection stayed open')
}
