/** Who says, for somebody else's benefit, that bytes existed at a moment (RFC 3161). */
import type { Instant } from '../../policies/vocabulary.ts'

/** What a verified time-stamp says. */
export interface Stamp {
  /** `genTime` of the token. */
  readonly at: Instant
  /** How far `at` may be off in either direction, milliseconds. */
  readonly accuracyMs: number
  /** When the first certificate of its path expires: from then on only a later stamp over this one speaks for it. */
  readonly notAfter: Instant
  /** Object identifier of the policy that it was made under. */
  readonly policy: string
}

export type StampFault =
  /** Nobody answered in time, or not with a time-stamp response. */
  | 'unreachable'
  /** The authority answered that it won't. */
  | 'rejected'
  | 'malformed'
  | 'imprint'
  | 'nonce'
  | 'policy'
  | 'purpose'
  | 'signer'
  | 'signature'
  | 'chain'
  /** Its time is not that of our clock, within the tolerance, or lies before that of an earlier stamp. */
  | 'time'

/** `sentence` is for the operator, and holds no text of the authority's. */
export interface StampRefused {
  readonly kind: 'refused'
  readonly why: StampFault
  readonly sentence: string
}

export type Checked = { readonly kind: 'good'; readonly stamp: Stamp } | StampRefused

export type Stamped =
  { readonly kind: 'stamped'; readonly stamp: Stamp; readonly token: Uint8Array } | StampRefused

export interface TimestampAuthority {
  /**
   * MUST answer within a bounded time and never throw for what authority or network do. `stamped` MUST mean that the token was
   * checked in full for this content, as by `CheckStamp`, and that it answers this very question (nonce).
   */
  stamp(content: Uint8Array, signal?: AbortSignal): Promise<Stamped>
}

/**
 * Checks a token (DER of its ContentInfo) over content, from bytes and pinned roots alone; certificates are judged at the token's own
 * time. Never throws for what the token holds.
 */
export type CheckStamp = (token: Uint8Array, content: Uint8Array) => Promise<Checked>
