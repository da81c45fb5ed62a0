/** What the doors beside the exchange have in common: few calls, and nobody who may hold one open for long. */
import type { Server } from 'node:https'
import express, { type Express } from 'express'

export const REQUEST_MS = 10_000
const CONNECTIONS = 1_000

/** Says nothing of what it is made of, and reads nothing into a query. */
export function sideApp(): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.disable('query parser')
  return app
}

/** `silenceMs`: for how long a connection may stay open without a word. */
export function bounded(server: Server, silenceMs: number): Server {
  server.headersTimeout = REQUEST_MS
  server.requestTimeout = REQUEST_MS
  server.timeout = silenceMs
  server.keepAliveTimeout = silenceMs
  server.maxConnections = CONNECTIONS
  return server
}
