/**
 * The door of a witness: HTTPS for anybody. Who asks proves nothing by a certificate of their own: what counts is whose key signed the
 * checkpoint or receipt that they bring.
 */
import { createServer, type Server } from 'node:https'
import express from 'express'
import { routeWitness, type WitnessRouteParts } from './witness-routes.ts'

export interface WitnessListenerParts extends WitnessRouteParts {
  /** PEM. */
  readonly tls: { readonly cert: string; readonly key: string }
}

const REQUEST_MS = 10_000
const SILENCE_MS = 30_000
const CONNECTIONS = 1_000

/** Not yet listening. */
export function makeWitnessListener(parts: WitnessListenerParts): Server {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.disable('query parser')
  routeWitness(app, parts)
  const server = createServer(
    { ...parts.tls, minVersion: 'TLSv1.2', handshakeTimeout: REQUEST_MS },
    app,
  )
  server.headersTimeout = REQUEST_MS
  server.requestTimeout = REQUEST_MS
  server.timeout = SILENCE_MS
  server.keepAliveTimeout = SILENCE_MS
  server.maxConnections = CONNECTIONS
  return server
}
