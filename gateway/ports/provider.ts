import type { ServiceId, SubsystemId } from '../../policies/vocabulary.ts'

export interface ProviderRequest {
  readonly service: ServiceId
  /** The provider's certificate must carry exactly this subsystem's URI, unrevoked. */
  readonly subsystem: SubsystemId
  readonly method: string
  /** Path after the service code and query, exactly the bytes that were parsed. */
  readonly pathAndQuery: string
  /** Name, value, name, value, … */
  readonly headers: readonly string[]
  readonly body: Uint8Array | undefined
  /** Total time for connecting, asking and the whole answer, milliseconds. */
  readonly deadlineMs: number
  readonly maxResponseBytes: number
  /** Aborted when the consumer has left. */
  readonly signal: AbortSignal
}

export type ProviderAnswer =
  | {
      readonly kind: 'answered'
      readonly status: number
      /** Name, value, name, value, … as received. */
      readonly headers: readonly string[]
      readonly body: Buffer
    }
  /** Not a byte of the request left the gateway. */
  | { readonly kind: 'not-sent'; readonly why: 'unreachable' | 'untrusted' | 'aborted' }
  /** The request may have arrived; no whole answer came. */
  | {
      readonly kind: 'unanswered'
      readonly why: 'timeout' | 'broken' | 'too-large' | 'aborted'
    }

/**
 * A department's system, asked once. Implementations MUST NOT retry, follow redirects, or decompress; MUST end within
 * `deadlineMs` whatever the peer does (one byte a second included); MUST leave nothing open when `signal` aborts; and
 * MUST answer `not-sent` only when no byte of the request was written. They never throw for what a peer does.
 */
export interface Provider {
  ask(request: ProviderRequest): Promise<ProviderAnswer>
}
