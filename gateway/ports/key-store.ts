import type { ExchangeId, MemberId } from '../../policies/vocabulary.ts'

/** A national identification number in canonical form: attacker-controlled, personal, never logged. */
export type NationalNumber = string

/** The part of a person's key that one exchange may use. */
export interface PersonKey {
  /**
   * HMAC-SHA-256(person's key, RFC 8785 of ["subject/1", consumer's controller, provider's controller, year]),
   * base64url: leaves of two departments or two years can't be joined.
   */
  readonly subject: string
  /** AES-256-GCM under a key derived for this exchange, key-committing; base64url. */
  seal(exchange: ExchangeId, details: Uint8Array): string
}

export interface SubjectScope {
  readonly consumer: MemberId
  readonly provider: MemberId
  /** Gregorian year of the intent, Asia/Taipei. */
  readonly year: number
}

/**
 * Persons' random keys, each destroyed by an erasure. A key (and the way back from a pseudonym to it) MUST be durable
 * before `person` resolves. Throws when the store can't be read or written: then there is no exchange.
 */
export interface KeyStore {
  person(number: NationalNumber, scope: SubjectScope): Promise<PersonKey> | PersonKey
  /** Opens what `seal` made: the way of erasure, audit and tests, never of an exchange. Undefined: no such key. */
  open(subject: string, exchange: ExchangeId, sealed: string): Uint8Array | undefined
  /** The secret of a UTC day (`2026-11-22`) for `repeat`; made durable when first asked for, gone after 48 h. */
  repeatSecret(day: string): Promise<Uint8Array> | Uint8Array
  close(): void
}
