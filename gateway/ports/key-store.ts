import type { ExchangeId, MemberId } from '../../policies/vocabulary.ts'

/** A national identification number in canonical form: attacker-controlled, personal, never logged. */
export type NationalNumber = string

/** Seals the details of one exchange, so that they can be destroyed without touching the log. */
export interface SealingKey {
  /**
   * AES-256-GCM under a key derived for this exchange, key-committing; base64url. MUST be called at most once for an
   * exchange: two different details under one exchange id would share key and nonce.
   */
  seal(exchange: ExchangeId, details: Uint8Array): string
}

/** The part of a person's key that one exchange may use. */
export interface PersonKey extends SealingKey {
  /**
   * HMAC-SHA-256(person's key, RFC 8785 of ["subject/1", consumer's controller, provider's controller, year]),
   * base64url: leaves of two departments or two years can't be joined.
   */
  readonly subject: string
}

export interface SubjectScope {
  readonly consumer: MemberId
  readonly provider: MemberId
  /** Gregorian year of the intent, Asia/Taipei. */
  readonly year: number
}

/**
 * Persons' random keys, each destroyed by an erasure. A key (and the way back from a pseudonym to it) MUST be durable
 * before `person` resolves, and two calls for one person MUST never see two keys. Throws `KeyStoreUnavailable` when the
 * store can't be read or written: then there is no exchange.
 */
export interface KeyStore {
  person(number: NationalNumber, scope: SubjectScope): Promise<PersonKey> | PersonKey
  /** A random key for an exchange in which nobody is identifiable (design §4), found again by the exchange's id. */
  nobody(exchange: ExchangeId): Promise<SealingKey> | SealingKey
  /**
   * Opens what `seal` made: the way of erasure, audit and tests, never of an exchange. `subject` is undefined where the
   * record has none. Undefined: there is no such key. Throws `SealBroken` when the key is there and does not fit.
   */
  open(subject: string | undefined, exchange: ExchangeId, sealed: string): Uint8Array | undefined
  /**
   * The secret of a UTC day (`2026-11-22`) for `repeat`; made durable when first asked for, gone after 48 h. Only
   * today's and yesterday's can be asked for.
   */
  repeatSecret(day: string): Promise<Uint8Array> | Uint8Array
  close(): void
}

export type KeyStoreFault =
  /** There is no file where one must be; a new one would give known persons new keys. */
  | 'missing'
  /** Not what was written: bytes changed, rows lost, or not a key store at all. */
  | 'damaged'
  /** Another process has it open. */
  | 'locked'
  /** Other users of the machine may read it. */
  | 'exposed'
  | 'read-only'
  | 'full'
  /** Her key is being destroyed now: whoever asks again in a moment finds somebody new. */
  | 'suspended'
  /** Any other failure of the file system. */
  | 'input-output'
  | 'closed'

/** The keys can't be had. Nothing was made up in their place; answered 503, never retried inside. */
export class KeyStoreUnavailable extends Error {
  override readonly name = 'KeyStoreUnavailable'
  readonly fault: KeyStoreFault
  constructor(fault: KeyStoreFault, message: string, cause?: unknown) {
    super(message, { cause })
    this.fault = fault
  }
}

/** Sealed details that the right key does not open: the record or the key is not what it was. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken'
  readonly part: 'form' | 'commitment' | 'tag'
  constructor(part: 'form' | 'commitment' | 'tag') {
    super(`sealed details don't open: ${part}`)
    this.part = part
  }
}
