/**
 * A TLS connection to the provider that the registry names, and to nobody else. Its certificate is looked at before
 * the first byte of a request is written.
 */
import type { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { connect, type SecureContext, type TLSSocket } from 'node:tls'
import type { buildConnector } from 'undici'
import type { Peer } from '../../certs/peer.ts'

/** The server at the address does not hold a good certificate of the registered subsystem. */
export class ProviderUntrusted extends Error {
  override readonly name = 'ProviderUntrusted'
}

export interface ConnectOptions {
  readonly context: SecureContext
  readonly timeoutMs: number
  /** The peer, if it is the registered one and in good standing now. */
  readonly admit: (certificate: X509Certificate | undefined) => Peer | undefined
}

export function connector(options: ConnectOptions): buildConnector.connector {
  return (target, callback) => {
    const socket = connect({
      host: target.hostname,
      port: Number(target.port === '' ? 443 : target.port),
      // SNI names hosts, not addresses (RFC 6066 3).
      servername: isIP(target.hostname) === 0 ? target.hostname : '',
      secureContext: options.context,
      rejectUnauthorized: true,
      // No host name is compared: the registry names a subsystem, which `admit` compares below.
      checkServerIdentity: () => undefined,
      ALPNProtocols: ['http/1.1'],
    })
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 60_000)
    settleOnce(socket, options, callback)
  }
}

function settleOnce(
  socket: TLSSocket,
  options: ConnectOptions,
  callback: buildConnector.Callback,
): void {
  let settled = false
  const timer = setTimeout(() => {
    socket.destroy(new Error('no TLS connection in time'))
  }, options.timeoutMs)

  function fail(error: Error): void {
    clearTimeout(timer)
    if (settled) return
    settled = true
    callback(error, null)
  }

  socket.on('error', (error) => {
    // Set where the chain was verified and found wanting; typed as always there.
    const untrusted = Boolean(socket.authorizationError)
    fail(untrusted ? new ProviderUntrusted(error.message, { cause: error }) : error)
  })
  socket.once('close', () => {
    fail(new Error('closed while connecting'))
  })
  socket.once('secureConnect', () => {
    clearTimeout(timer)
    // INVARIANT: a resumed session shows no certificate, so none is ever offered (no `session`, no cache).
    const peer = socket.isSessionReused()
      ? undefined
      : options.admit(socket.getPeerX509Certificate())
    if (peer === undefined) {
      socket.destroy(new ProviderUntrusted('not the registered subsystem'))
      return
    }
    settled = true
    callback(null, socket)
  })
}
