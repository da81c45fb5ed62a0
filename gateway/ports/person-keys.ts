/** The side of the key store that erasure, holds and audits use; no exchange does. */

/** Where a person's key stands in one store. Never leaves the process: with the index secret it leads to her number. */
export type Handle = string

/**
 * Persons' keys by person. `destroy` MUST return only when no byte of the keys, of the way from a pseudonym to them or of the
 * numbers' handles stands in the store's file, and nothing in memory answers from them; a crash inside it MUST be finished by the next
 * opening. Throws `KeyStoreUnavailable`.
 */
export interface PersonKeys {
  /** Undefined: nothing is known of the holder of this national number. */
  find(number: string): Handle | undefined
  /** Whose pseudonym this is; undefined: its key is gone, or never was. */
  holder(subject: string): Handle | undefined
  /** Whether the key of an exchange about nobody is there. */
  knowsExchange(exchange: string): boolean
  /** All her pseudonyms. */
  subjectsOf(person: Handle): readonly string[]
  /** HMAC-SHA-256(person's key, "hold/1"), base64url. */
  holdToken(person: Handle): string
  /**
   * From now on `person` refuses these people (`KeyStoreUnavailable`, `suspended`). Resolves when whoever was answered before has used the
   * answer: their pseudonyms are all of them then. Answers what ends it.
   */
  suspend(persons: readonly Handle[]): Promise<() => void>
  /** Only while suspended. Somebody who comes back later is somebody new. */
  destroy(persons: readonly Handle[]): void
}
