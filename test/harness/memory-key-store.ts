/** A key store in memory that keeps the port's promises, with the real sealing and pseudonyms. */
import { pseudonym, seal, unseal } from '../../gateway/ledger/sealing.ts'
import type { Chance, Clock } from '../../gateway/ports/clock.ts'
import {
  KeyStoreUnavailable,
  SealBroken,
  type KeyStore,
  type PersonKey,
  type SealingKey,
  type SubjectScope,
} from '../../gateway/ports/key-store.ts'
import type { ExchangeId } from '../../policies/vocabulary.ts'

const DAY_MS = 86_400_000

export class MemoryKeyStore implements KeyStore {
  /** Set: every call fails. */
  unavailable = false
  /** How often a key or a secret was asked for. */
  asked = 0
  readonly #chance: Chance
  readonly #clock: Clock
  readonly #persons = new Map<string, Buffer>()
  readonly #bySubject = new Map<string, Buffer>()
  readonly #nobodies = new Map<ExchangeId, Buffer>()
  readonly #secrets = new Map<string, Buffer>()
  readonly #sealed = new Set<ExchangeId>()

  constructor(chance: Chance, clock: Clock) {
    this.#chance = chance
    this.#clock = clock
  }

  async person(number: string, scope: SubjectScope): Promise<PersonKey> {
    this.#check()
    const key = this.#persons.get(number) ?? this.#chance.bytes(32)
    this.#persons.set(number, key)
    const subject = pseudonym(key, scope)
    this.#bySubject.set(subject, key)
    return { subject, ...this.#sealing(key) }
  }

  async nobody(exchange: ExchangeId): Promise<SealingKey> {
    this.#check()
    const key = this.#nobodies.get(exchange) ?? this.#chance.bytes(32)
    this.#nobodies.set(exchange, key)
    return this.#sealing(key)
  }

  open(subject: string | undefined, exchange: ExchangeId, sealed: string): Uint8Array | undefined {
    const key = subject === undefined ? this.#nobodies.get(exchange) : this.#bySubject.get(subject)
    if (key === undefined) return undefined
    const opened = unseal(key, exchange, sealed)
    if (opened.kind === 'broken') throw new SealBroken(opened.part)
    return opened.details
  }

  async repeatSecret(day: string): Promise<Uint8Array> {
    this.#check()
    if (day !== this.#day(0) && day !== this.#day(-1)) {
      throw new RangeError("only today's and yesterday's repeat secrets exist")
    }
    const secret = this.#secrets.get(day) ?? this.#chance.bytes(32)
    this.#secrets.set(day, secret)
    return secret
  }

  close(): void {
    this.unavailable = true
  }

  #sealing(key: Buffer): SealingKey {
    return {
      seal: (exchange, details) => {
        if (this.#sealed.has(exchange)) throw new Error('sealed twice under one exchange id')
        this.#sealed.add(exchange)
        return seal(key, exchange, details)
      },
    }
  }

  #check(): void {
    this.asked += 1
    if (this.unavailable) throw new KeyStoreUnavailable('input-output', 'the disk does not answer')
  }

  #day(distance: number): string {
    return new Date(this.#clock.now() + distance * DAY_MS).toISOString().slice(0, 10)
  }
}
