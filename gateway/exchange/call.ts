/** One request as it came in, and one reply as it goes out: the edge of the exchange towards HTTP. */
import type { Peer } from '../../certs/peer.ts'

export interface Call {
  readonly method: string
  /** Raw path, from `/r1/`, undecoded. */
  readonly path: string
  /** Raw query without `?`; undefined when there is none. */
  readonly query: string | undefined
  /** Name, value, name, value, … in order of arrival, spelling as received. */
  readonly headers: readonly string[]
  /** Undefined when the request has no body (no Content-Length above 0, no chunk). */
  readonly body: Buffer | undefined
  readonly peer: Peer
  /** Aborted when the consumer has left. */
  readonly signal: AbortSignal
}

export interface Reply {
  readonly status: number
  /** Name, value, name, value, … */
  readonly headers: readonly string[]
  readonly body: Buffer
}
