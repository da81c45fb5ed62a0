/** What one connection and one request may take of us. Each bound is there because a peer without it can hold us up. */
export interface Limits {
  /** From the TCP connection to the end of the TLS handshake. */
  readonly handshakeMs: number
  /** From the first moment of a request (or of a connection) to the end of its headers. */
  readonly headersMs: number
  /** The same, to the end of its body. */
  readonly requestMs: number
  /** How often the two are looked at: each may be late by this. */
  readonly checkMs: number
  /** How long an idle connection is kept. */
  readonly keepAliveMs: number
  /** A connection on which nothing moves, a reply that nobody reads included. Above every service's deadline. */
  readonly silenceMs: number
  /** How long we go on reading, and throwing away, what a refused caller still sends, so that it gets our answer. */
  readonly lingerMs: number
  readonly headerBytes: number
  readonly headers: number
  /** Where no registered service says otherwise. */
  readonly bodyBytes: number
  readonly connections: number
  /** Requests under way at one time, over all connections; a quarter of them may be those of one member. */
  readonly inFlight: number
}

export const LIMITS: Limits = {
  handshakeMs: 5_000,
  headersMs: 10_000,
  requestMs: 30_000,
  checkMs: 1_000,
  keepAliveMs: 65_000,
  silenceMs: 120_000,
  lingerMs: 1_000,
  headerBytes: 16_384,
  headers: 100,
  bodyBytes: 1_048_576,
  connections: 10_000,
  inFlight: 2_048,
}
