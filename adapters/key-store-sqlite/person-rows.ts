/** All rows of one person. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'

export class PersonRows {
  readonly #subjects: StatementSync
  readonly #deletePseudonyms: StatementSync
  readonly #deletePerson: StatementSync

  constructor(database: DatabaseSync) {
    // Without an index: a scan of a million rows takes a fraction of a second, and every exchange would pay for the index.
    this.#subjects = database.prepare('SELECT subject FROM pseudonyms WHERE handle = ?')
    this.#deletePseudonyms = database.prepare('DELETE FROM pseudonyms WHERE handle = ?')
    this.#deletePerson = database.prepare('DELETE FROM persons WHERE handle = ?')
  }

  subjectsOf(handle: Uint8Array): readonly string[] {
    return this.#subjects.all(handle).map(({ subject }) => String(subject))
  }

  /** The pseudonyms too: their handle is an HMAC of her number under a secret that the operator keeps. */
  delete(handle: Uint8Array): void {
    this.#deletePseudonyms.run(handle)
    this.#deletePerson.run(handle)
  }
}
