/** Keys in memory. A key is a private member, so that no log line or inspection of the object shows it. */
import { pseudonym, seal } from '../../gateway/ledger/sealing.ts'
import type { PersonKey, SealingKey, SubjectScope } from '../../gateway/ports/key-store.ts'
import type { ExchangeId } from '../../policies/vocabulary.ts'
import { unavailable } from './sqlite-fault.ts'

export class OneKey implements SealingKey {
  readonly #key: Buffer
  #isGone = false

  constructor(key: Buffer) {
    this.#key = key
  }

  seal(exchange: ExchangeId, details: Uint8Array): string {
    // What zeros sealed anybody could open.
    if (this.#isGone) throw unavailable('suspended')
    return seal(this.#key, exchange, details)
  }

  /** The bytes are overwritten: a process lives longer than the key. */
  destroy(): void {
    this.#isGone = true
    this.#key.fill(0)
  }
}

export class OnePerson extends OneKey implements PersonKey {
  readonly subject: string

  constructor(key: Buffer, scope: SubjectScope) {
    super(key)
    this.subject = pseudonym(key, scope)
  }
}
