/** What we know about one TLS connection of a consumer, for as long as it lives. */
import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Peer, PeerFinding } from '../../certs/peer.ts'

export class Connection {
  readonly socket: Socket
  /** The exchanges under way; all of them end when the consumer leaves. */
  readonly calls = new Set<AbortController>()
  /** We have said our last word on it and only wait for the consumer to close. */
  closing = false
  #finding: PeerFinding | undefined

  constructor(socket: Socket) {
    this.socket = socket
    socket.once('close', () => {
      for (const call of this.calls) call.abort()
      this.calls.clear()
    })
  }

  /** Found once: it costs two signature checks, and a resumed session shows no certificate of its own. */
  finding(identify: (certificate: X509Certificate | undefined) => PeerFinding): PeerFinding {
    this.#finding ??= identify(certificateOf(this.socket))
    return this.#finding
  }

  /** As found before; throws for a request that came past the door. */
  get peer(): Peer {
    if (this.#finding?.kind !== 'identified') throw new Error('nobody was identified here')
    return this.#finding.peer
  }

  /**
   * Closes our side and keeps reading for a while. A close with unread bytes makes the kernel send RST, which
   * destroys our last answer on its way (RFC 9112 9.6).
   */
  lastWord(lingerMs: number, bytes?: Buffer): void {
    this.closing = true
    const { socket } = this
    if (bytes === undefined) socket.end()
    else socket.end(bytes)
    socket.resume()
    const timer = setTimeout(() => {
      socket.destroy()
    }, lingerMs)
    socket.once('close', () => {
      clearTimeout(timer)
    })
  }
}

const CONNECTIONS = new WeakMap<object, Connection>()

export function connectionOf(socket: Socket): Connection {
  let connection = CONNECTIONS.get(socket)
  if (connection === undefined) {
    connection = new Connection(socket)
    CONNECTIONS.set(socket, connection)
  }
  return connection
}

/** Undefined for a socket whose handshake never ended. */
export function securedConnection(socket: object): Connection | undefined {
  return CONNECTIONS.get(socket)
}

function certificateOf(socket: Socket): X509Certificate | undefined {
  return socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined
}
