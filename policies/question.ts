/**
 * What a decision is asked, and what it answers. Both stand in the intent leaf, so that an auditor can ask the same
 * question again of another engine, years later, from the log alone. Nothing else may influence the answer.
 */
import type { AgreementReference } from './agreement.ts'
import type { PolicyRefusal } from './refusal.ts'
import type {
  BasisCode,
  EndpointId,
  FieldName,
  Instant,
  MemberId,
  PurposeCode,
  RuleId,
  ServiceId,
  SubsystemId,
} from './vocabulary.ts'

export interface Question {
  readonly at: Instant
  readonly consumer: SubsystemId
  /** X-Road-Represented-Party, with the consumer's instance in front. */
  readonly representedParty?: MemberId
  readonly service: ServiceId
  readonly endpoint: EndpointId
  readonly purpose?: PurposeCode
  readonly basis?: BasisCode
  /** Exchange-Fields; absent: all that the agreement allows. In order of the text, no name twice. */
  readonly fields?: readonly FieldName[]
  /** Typed, bounded parameters by name (year, date, code, integer, boolean); of an optional text that it was given: no value. Never the subject. */
  readonly parameters: Readonly<Record<string, readonly string[]>>
  readonly subject: 'identified' | 'none'
}

export type Side = 'collect' | 'disclose'

export interface Verdict {
  readonly effect: 'permit' | 'deny'
  /** The rules that determined it, sorted; never empty on a deny. */
  readonly reasons: readonly RuleId[]
  /** Rules whose evaluation failed, sorted; any one means deny (design D12). */
  readonly errors: readonly RuleId[]
}

export type Obligation =
  | { readonly kind: 'notifySubject'; readonly value: 'due' }
  | { readonly kind: 'retention'; readonly days: number }

export interface Decision {
  readonly effect: 'permit' | 'deny'
  readonly verdicts: Readonly<Record<Side, Verdict>>
  /** All that refused, in the order of design §2; the caller is told the first. Empty on a permit. */
  readonly refusals: readonly PolicyRefusal[]
  readonly agreement?: AgreementReference
  /** Purpose and bases as decided (the declared ones, or those that the agreement implies). */
  readonly purpose?: PurposeCode
  readonly bases?: Readonly<Record<Side, BasisCode>>
  readonly controllers: {
    readonly consumer: MemberId
    readonly provider: MemberId
    readonly processor?: MemberId
  }
  /** What may pass, sorted; empty on a deny. */
  readonly fields: readonly FieldName[]
  readonly obligations: readonly Obligation[]
}
