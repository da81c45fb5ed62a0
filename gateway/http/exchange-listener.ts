/**
 * The door for departments' systems: HTTPS with a client certificate, nothing else. The handshake completes for
 * everybody, so that a bad certificate gets a clear 401 before any body is read, instead of a bare TLS alert.
 *
 * TLS 1.3, and 1.2 with forward secrecy and AEAD for X-Road clients that know no other; never renegotiated, since that
 * could change the certificate under an identity that was found before.
 */
import { constants } from 'node:crypto'
import { createServer, type Server, type ServerOptions } from 'node:https'
import { answerBrokenRequests } from './broken-requests.ts'
import { connectionOf } from './connection.ts'
import { makeFastExpress } from './fast-express.ts'
import { Door, type DoorParts } from './door.ts'
import { LIMITS, type Limits } from './limits.ts'
import { route, type RouteParts } from './routes.ts'

export interface ExchangeListenerParts extends Omit<RouteParts & DoorParts, 'limits'> {
  /** The gateway's certificate and key, and the CAs that consumers' certificates come from; PEM. */
  readonly tls: { readonly cert: string; readonly key: string; readonly ca: readonly string[] }
  readonly limits?: Partial<Limits>
}

/** Not yet listening; `close()` of it waits for the requests under way. */
export function makeExchangeListener(parts: ExchangeListenerParts): Server {
  const limits: Limits = { ...LIMITS, ...parts.limits }
  const { app, classes } = makeFastExpress()
  const server = createServer({ ...tlsOptions(parts.tls), ...httpOptions(limits), ...classes }, app)
  server.maxConnections = limits.connections
  server.timeout = limits.silenceMs

  const door = new Door({ ...parts, limits })
  route(app, door, { ...parts, limits })
  server.on('secureConnection', connectionOf)
  // Answered like any request: whether to go on is said when its body is wanted, or never.
  server.on('checkContinue', app)
  server.on('checkExpectation', app)
  answerBrokenRequests(server, {
    lingerMs: limits.lingerMs,
    clock: parts.clock,
    count: (code, connection) => {
      door.count(code, connection)
    },
  })
  return server
}

/** For connections that come from now on; whoever is connected stays so, and is asked for its standing at each request. */
export function renewTls(server: Server, tls: ExchangeListenerParts['tls']): void {
  server.setSecureContext(tlsOptions(tls))
}

const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_AES_128_GCM_SHA256',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
]

function tlsOptions(tls: ExchangeListenerParts['tls']): ServerOptions {
  return {
    cert: tls.cert,
    key: tls.key,
    ca: [...tls.ca],
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS.join(':'),
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    ALPNProtocols: ['http/1.1'],
  }
}

function httpOptions(limits: Limits): ServerOptions {
  return {
    handshakeTimeout: limits.handshakeMs,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: limits.checkMs,
    keepAliveTimeout: limits.keepAliveMs,
    maxHeaderSize: limits.headerBytes,
    // Counted by ourselves (check-request.ts), so that the refusal is a problem document.
    requireHostHeader: false,
    optimizeEmptyRequests: true,
    insecureHTTPParser: false,
  }
}
