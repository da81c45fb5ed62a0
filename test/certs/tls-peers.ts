/** A TLS server as the gateway's listener is one, which only tells its peers what it found out about them. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:tls'
import type { ConnectionOptions, TlsOptions, TLSSocket } from 'node:tls'
import { identifyPeer } from '../../certs/peer-identity.ts'
import type { PeerFinding, Standing } from '../../certs/peer.ts'
import type { Trust } from '../../certs/trust.ts'
import type { Revocations } from '../../certs/revocations.ts'
import { Instant } from '../../policies/vocabulary.ts'

export interface Told {
  readonly finding: PeerFinding
  readonly resumed: boolean
  readonly standing: Standing | null
}

export interface Server {
  readonly port: number
  close(): Promise<void>
}

/** Answers each byte with one line of JSON: the identity as found once, the standing as it is now. */
export async function serve(
  options: TlsOptions,
  trust: Trust,
  revocations: () => Revocations | undefined = () => undefined,
): Promise<Server> {
  const sockets = new Set<TLSSocket>()
  const server = createServer(options, (socket) => {
    sockets.add(socket)
    const finding = identifyPeer(socket.getPeerX509Certificate(), trust)
    const resumed = socket.isSessionReused()
    socket.on('error', () => undefined)
    socket.on('data', (bytes: Buffer) => {
      const standing =
        finding.kind === 'identified' ? revocations()?.standing(finding.peer, now()) : undefined
      const line = `${JSON.stringify({ finding, resumed, standing: standing ?? null })}\n`
      socket.write(line.repeat(bytes.length))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

export interface Client {
  ask(): Promise<Told>
  /** The newest session that the server gave. */
  session(): Buffer | undefined
  close(): void
}

export async function dial(port: number, options: ConnectionOptions): Promise<Client> {
  const socket = connect({ host: '127.0.0.1', port, ...options })
  let session: Buffer | undefined
  socket.on('session', (given) => {
    session = given
  })
  await once(socket, 'secureConnect')
  return {
    async ask() {
      socket.write('?')
      const [line] = (await once(socket, 'data')) as [Buffer]
      return JSON.parse(line.toString('utf8')) as Told
    },
    session: () => session,
    close: () => socket.destroy(),
  }
}

export async function connected(port: number, options: ConnectionOptions): Promise<Told> {
  const client = await dial(port, options)
  try {
    return await client.ask()
  } finally {
    client.close()
  }
}

function now(): Instant {
  return Instant.ofMilliseconds(Date.now())
}
