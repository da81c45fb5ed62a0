/**
 * What the gateway tells of itself while it works: one function, `tell`, and a closed union of events. Traces, metrics and logs are
 * made of them in adapters; nothing here knows how.
 *
 * INVARIANT: no event holds a personal datum or a text chosen outside: registered ids and codes, numbers, times of a clock that
 * only runs forward, and of a caller's trace two ids that spell nothing (`exchange/wire/trace-context.ts`). Paths,
 * queries, bodies, other header values and identifiers of people are no members of any event.
 */
import type { Refusal } from '../../policies/refusal.ts'
import type {
  ExchangeId,
  MemberId,
  PurposeCode,
  ServiceId,
  SubsystemId,
} from '../../policies/vocabulary.ts'
import type { OutcomeKind } from '../ledger/events.ts'
import type { ProviderAnswer } from './provider.ts'

export interface Telemetry {
  /** Milliseconds since some moment, with fractions; MUST never go back. */
  readonly now: () => number
  /** MUST NOT throw, and MUST NOT keep the caller waiting. The event is not changed afterwards and may be kept. */
  readonly tell: (event: TelemetryEvent) => void
  /**
   * The share of traces, 0 to 1, that is exported whatever becomes of them; refusals and faults always are. Undefined: no
   * traces, so no span id is recorded and no trace context is read or passed on.
   */
  readonly sampling: number | undefined
}

/** Telemetry is off: nothing is measured, and nothing is allocated for it. */
export const NO_TELEMETRY: Telemetry = {
  now: () => 0,
  tell: () => undefined,
  sampling: undefined,
}

export type TelemetryEvent =
  | RequestEnded
  | ExchangeEnded
  | RefusedEarly
  | ConnectionChanged
  | Committed
  | Replicated
  | BreakerChanged
  | Faulted
  | Noticed

/** A request of the listener was answered, or its connection ended before. */
export interface RequestEnded {
  readonly kind: 'request'
  /** As Node's parser let it through; attacker-controlled, so an adapter counts unknown ones together. */
  readonly method: string
  readonly route: 'exchange' | 'receipt' | 'other'
  /** Undefined where the connection ended before there was one. */
  readonly status: number | undefined
  /** By `now`, of the first header and of the last byte. */
  readonly began: number
  readonly ended: number
}

/** In their order; `ends` of an exchange has one time for each step that was reached. */
export const STEPS = [
  'identify',
  'decide',
  'record-intent',
  'call-provider',
  'minimise',
  'record-outcome',
  'reply',
] as const
export type Step = (typeof STEPS)[number]

/** An exchange ended, whatever became of it. One event for all its steps, so that the hot path tells one thing once. */
export interface ExchangeEnded {
  readonly kind: 'exchange'
  readonly consumer: SubsystemId
  /** See `RequestEnded`. */
  readonly method: string
  /** Undefined where the request was refused before it was one: the id, the service, the purpose and the verdict. */
  readonly exchange: ExchangeId | undefined
  readonly service: ServiceId | undefined
  readonly purpose: PurposeCode | undefined
  readonly effect: 'permit' | 'deny' | undefined
  /** Why it was refused, or why nothing (or only a problem document) was released. `Server.Internal` for a fault. */
  readonly code: Refusal | undefined
  readonly outcome: OutcomeKind | undefined
  /** Of the reply; undefined where a fault left it to the listener. */
  readonly status: number | undefined
  /** What came of asking the provider; undefined where it was not reached. */
  readonly provider: ProviderEnd | undefined
  readonly began: number
  readonly ends: readonly number[]
  readonly trace: ExchangeTrace | undefined
}

export type ProviderEnd =
  /** HTTP status of a whole answer. */
  | number
  | Exclude<ProviderAnswer, { readonly kind: 'answered' }>['why']
  /** Not asked since what permitted it had changed; or a fault of our own. */
  | 'superseded'
  | 'faulted'

/** Ids in lower-case hexadecimal (W3C Trace Context). `state` and `parent` came from outside; their form was checked. */
export interface ExchangeTrace {
  /** 32 digits: the caller's, or our own where it sent none. */
  readonly traceId: string
  /** 16 digits, of the gateway's own span: the one that stands in the record. */
  readonly spanId: string
  readonly parentId: string | undefined
  /** Exported whatever becomes of the exchange. */
  readonly sampled: boolean
  /** The flag that the provider is sent: ours, or the caller's where ours is not set. */
  readonly flag: boolean
  readonly state: string | undefined
}

/** Refused before it was an exchange's to decide: form, identity, load. Counted in the `admission` leaf as well. */
export interface RefusedEarly {
  readonly kind: 'refused'
  readonly code: Refusal
  readonly member: MemberId | 'nobody'
  /** `steps`: by an exchange's own, so that an `ExchangeEnded` of the same request says more. */
  readonly by: 'door' | 'steps'
}

export interface ConnectionChanged {
  readonly kind: 'connection'
  readonly change: 'opened' | 'closed' | 'handshake-failed'
}

export type ChainName = 'exchange' | 'registry' | 'consent'

/** One frame is durable in the journal. */
export interface Committed {
  readonly kind: 'committed'
  readonly chain: ChainName
  /** 0: a checkpoint over leaves that were durable before. */
  readonly entries: number
  readonly bytes: number
  /** Milliseconds of writing and syncing. */
  readonly syncMs: number
}

/** One send of leaves was acknowledged by the log servers, or its outcome is unknown. It is read back later. */
export interface Replicated {
  readonly kind: 'replicated'
  readonly chain: ChainName
  readonly entries: number
  readonly ms: number
  readonly stored: boolean
}

export interface BreakerChanged {
  readonly kind: 'breaker'
  /** A service with an address of its own is a provider of its own. */
  readonly provider: SubsystemId | ServiceId
  readonly state: 'open' | 'half-open' | 'closed'
}

/** A fault of our own. Its name and message are ours too: what a peer sent is never part of them. */
export interface Faulted {
  readonly kind: 'fault'
  readonly fault: unknown
  readonly exchange: ExchangeId | undefined
}

/**
 * Who must act:
 * - `now`: the gateway stops or serves nobody; an operator acts at once;
 * - `today`: it goes on, and will not for ever;
 * - `watch`: somebody else's trouble (a provider, a department), or one that mends itself;
 * - `nobody`: told for the record.
 */
export type Urgency = 'now' | 'today' | 'watch' | 'nobody'

/** A sentence for the operator's eyes, and who must act on it; absent: `today`. Never holds a personal datum or an outsider's text. */
export type Report = (sentence: string, urgency?: Urgency) => void

/** Something for the operator's eyes, in a sentence of ours that says what to do. */
export interface Noticed {
  readonly kind: 'notice'
  readonly urgency: Urgency
  readonly sentence: string
}

/** What is looked up when somebody asks, not told when it changes. Other parts add theirs in deploy/open-telemetry.ts. */
export type Gauges = () => readonly Gauge[]

export type Gauge =
  | { readonly name: Exclude<GaugeName, OfCertificates>; readonly value: number }
  | {
      readonly name: OfCertificates
      readonly value: number
      readonly certificate: KafkaCertificate
    }

type OfCertificates = 'gongdao.kafka.certificate.remaining'

/** What is shown to Kafka as who writes and as who reads back, and the authorities that each trusts there. */
export const KAFKA_CERTIFICATES = [
  'writer',
  'writer-authorities',
  'reader',
  'reader-authorities',
] as const
export type KafkaCertificate = (typeof KAFKA_CERTIFICATES)[number]

/** Ages and waits in seconds, sizes in bytes. What is not known is not told. */
export type GaugeName =
  | 'gongdao.ledger.queue.records'
  | 'gongdao.ledger.queue.size'
  | 'gongdao.ledger.queue.age'
  | 'gongdao.ledger.accepts'
  | 'gongdao.ledger.records'
  | 'gongdao.replication.backlog.records'
  | 'gongdao.replication.backlog.size'
  | 'gongdao.replication.backlog.age'
  | 'gongdao.revocations.age'
  | 'gongdao.revocations.overdue'
  | 'gongdao.consent.closed'
  | 'gongdao.certificate.remaining'
  | 'gongdao.kafka.certificate.remaining'
  | 'gongdao.witness.age'
  | 'gongdao.witness.behind'
  | 'gongdao.timestamp.age'
  | 'gongdao.verified.age'
  | 'gongdao.health.degraded'
  | 'gongdao.health.failing'
  | 'gongdao.log.dropped'
  | 'gongdao.telemetry.failures'
