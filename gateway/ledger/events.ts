/**
 * The records of the exchange chain. Members are declared in the order of RFC 8785, and built in that order, so that
 * `JSON.stringify` yields canonical bytes on the hot path; a test compares both spellings.
 *
 * Nothing here is chosen by an outsider's free text (design D15): registered codes, counts, commitments, pseudonyms.
 */
import type { AgreementReference } from '../../policies/agreement.ts'
import type { Obligation, Question, Side, Verdict } from '../../policies/question.ts'
import type { PolicyRefusal, Refusal } from '../../policies/refusal.ts'
import type {
  BasisCode,
  Digest,
  ExchangeId,
  FieldName,
  Instant,
  MemberId,
  PurposeCode,
  ServiceId,
  SubsystemId,
} from '../../policies/vocabulary.ts'

/** Kind `intent` (a permit, durable before the provider is asked) or `denial` (durable before the 403 leaves). */
export interface DecisionRecord {
  readonly agreement?: AgreementReference | undefined
  readonly bases?: Readonly<Record<Side, BasisCode>> | undefined
  /** SHA-256 of the consumer's certificate. */
  readonly certificate: Digest
  /** Where `question.at` comes from. */
  readonly clock: 'system'
  /** SHA-256 of the configuration that bore on the decision. */
  readonly configuration: Digest
  readonly controllers: {
    readonly consumer: MemberId
    readonly processor?: MemberId | undefined
    readonly provider: MemberId
  }
  /** After it, an intent without an outcome counts as disclosed. Intents only. */
  readonly deadline?: Instant | undefined
  readonly effect: 'permit' | 'deny'
  /** How far the evidence of the consumer's side goes (design §2). */
  readonly evidence: 'asserted'
  readonly exchange: ExchangeId
  readonly fields: readonly FieldName[]
  /** What the decision read: position of the manifest leaf in force, size of the registry chain, number of the CRL. */
  readonly heads: {
    readonly manifest: number
    readonly registry: number
    readonly revocations: number
  }
  readonly obligations: readonly Obligation[]
  readonly purpose?: PurposeCode | undefined
  readonly question: Question
  readonly refusals: readonly PolicyRefusal[]
  /** HMAC of the Idempotency-Key. */
  readonly repeat?: string | undefined
  /** Commitment to RFC 8785 of {method, path, query, contentType, bodySha256}; its nonce is sealed. */
  readonly request: Digest
  readonly rules: Digest
  /** Salt of the leaf's `public` commitment, base64url of 16 bytes. */
  readonly salt: string
  /** AES-256-GCM under the person's key: seed of the nonces, case number, official. */
  readonly sealed: string
  readonly service: Digest
  /** The gateway's own span of this exchange, 16 hexadecimal digits: from here to its trace and back. Absent: telemetry was off. */
  readonly span?: string | undefined
  readonly subject?: string | undefined
  readonly v: 1
  readonly verdicts: Readonly<Record<Side, Verdict>>
}

export type OutcomeKind = 'released' | 'withheld' | 'unanswered' | 'not-sent' | 'unknown'

/** Kind `outcome`: what became of an intent; exactly one for each. */
export interface OutcomeRecord {
  /** Commitment to the SHA-256 of the answer received. */
  readonly answer?: Digest | undefined
  readonly at: Instant
  readonly consumer: SubsystemId
  readonly exchange: ExchangeId
  /** Registered fields that passed, sorted. */
  readonly fields: readonly FieldName[]
  /** The intent: index in the chain `chain` (absent: this one). */
  readonly intent: number
  readonly intentChain?: string | undefined
  readonly outcome: OutcomeKind
  /** Names that are not registered: how many, and a commitment to their sorted list. */
  readonly others?: { readonly commitment: Digest; readonly count: number } | undefined
  /** Why nothing, or only a problem document, was released. */
  readonly reason?: Refusal | undefined
  /** Commitment to the SHA-256 of the body released; the consumer's receipt opens it. */
  readonly released?: Digest | undefined
  /**
   * Registered fields that were not permitted, sorted: taken out wherever they stood. Whether they were in the answer is not
   * said, since the consumer's receipt shows this record.
   */
  readonly removed: readonly FieldName[]
  readonly salt: string
  readonly service: ServiceId
  /** The provider's HTTP status. */
  readonly status?: number | undefined
  readonly subject?: string | undefined
  /** `provider-asserted` where the answer echoes nobody. */
  readonly subjectCheck?: 'same' | 'provider-asserted' | undefined
  readonly v: 1
}

/** Kind `admission`: what was refused before a decision, each minute, by member and code. */
export interface AdmissionRecord {
  readonly counts: readonly {
    readonly code: string
    readonly count: number
    readonly member: MemberId | 'nobody'
  }[]
  readonly from: Instant
  readonly to: Instant
  readonly v: 1
}

/** Kind `heads`: first leaf of a batch whenever another chain's known head has changed (D7). */
export interface HeadsRecord {
  readonly registry: { readonly root: Digest; readonly size: number }
  readonly revocations: number
  readonly v: 1
}

/** Kind `opening`: leaf 0 of an exchange chain. */
export interface OpeningRecord {
  readonly at: Instant
  readonly chain: string
  /** Position of the genesis leaf in the registry chain. */
  readonly genesis: number
  readonly v: 1
}

/** Kind `seal`: last leaf after a clean stop. */
export interface SealRecord {
  readonly at: Instant
  readonly v: 1
}
