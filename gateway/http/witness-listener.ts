/**
 * The door of a witness: HTTPS for anybody. Who asks proves nothing by a certificate of their own: what counts is whose key signed the
 * checkpoint or receipt that they bring.
 */
import { createServer, type Server } from 'node:https'
import { bounded, REQUEST_MS, sideApp } from './side-door.ts'
import { routeWitness, type WitnessRouteParts } from './witness-routes.ts'

export interface WitnessListenerParts extends WitnessRouteParts {
  /** PEM. */
  readonly tls: { readonly cert: string; readonly key: string }
}

const SILENCE_MS = 30_000

/** Not yet listening. */
export function makeWitnessListener(parts: WitnessListenerParts): Server {
  const app = sideApp()
  routeWitness(app, parts)
  const server = createServer(
    { ...parts.tls, minVersion: 'TLSv1.2', handshakeTimeout: REQUEST_MS },
    app,
  )
  return bounded(server, SILENCE_MS)
}
