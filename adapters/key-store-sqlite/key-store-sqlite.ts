/**
 * Persons' keys in one SQLite file, read and written by one process.
 *
 * What is trusted: that it answers with a person's key. Whoever reads the file can find every person in the log, so it
 * is 0600, holds no national number (only its HMAC under a secret of the same file), and its backups must expire.
 *
 * Known persons are answered at once, from memory or by one look-up. New ones that come in one turn of the event loop
 * become durable in one transaction, and only then is any of them answered.
 */
import { createHmac } from 'node:crypto'
import { unseal } from '../../gateway/ledger/sealing.ts'
import type { Chance, Clock } from '../../gateway/ports/clock.ts'
import { KeyStoreUnavailable, SealBroken } from '../../gateway/ports/key-store.ts'
import type {
  KeyStore,
  NationalNumber,
  PersonKey,
  SealingKey,
  SubjectScope,
} from '../../gateway/ports/key-store.ts'
import { setImmediate as turn } from 'node:timers/promises'
import type { ExchangeId } from '../../policies/vocabulary.ts'
import type { Handle, PersonKeys } from '../../gateway/ports/person-keys.ts'
import { KeyFile } from './key-file.ts'
import { OneKey, OnePerson } from './one-key.ts'
import { RecentlyUsed } from './recently-used.ts'
import { RepeatSecrets } from './repeat-secrets.ts'
import { unavailable } from './sqlite-fault.ts'

const KEY_BYTES = 32
const INDEX_SECRET = 'index'
/** Persons and scopes kept in memory, at about 500 bytes each; twice as many at the most. */
const REMEMBERED = 10_000

export interface KeyStoreSettings {
  /** Path of the file; its folder is made when it is missing. */
  readonly file: string
  /** `may-be-new` at the very first start only: later a missing file is a loss of keys, not a beginning. */
  readonly expect: 'existing' | 'may-be-new'
  readonly chance: Chance
  readonly clock: Clock
}

export interface OpenedKeyStore extends KeyStore, PersonKeys {
  /** The whole store as it would be copied, keys in plain: for an encrypted backup. */
  image(): Uint8Array
}

/** Opens the file, alone, and checks every row of it. Throws `KeyStoreUnavailable`. */
export function openKeyStore(settings: KeyStoreSettings): OpenedKeyStore {
  const file = KeyFile.open(settings.file, settings.expect, () => ({
    name: INDEX_SECRET,
    secret: settings.chance.bytes(KEY_BYTES),
  }))
  return new SqliteKeyStore(file, settings)
}

/** A person who is new here, waiting for the transaction that makes her known. */
interface Newcomer {
  readonly write: (file: KeyFile) => void
  readonly done: () => void
  readonly failed: (cause: unknown) => void
}

class SqliteKeyStore implements OpenedKeyStore {
  readonly #file: KeyFile
  readonly #chance: Chance
  readonly #index: Buffer
  readonly #repeat: RepeatSecrets
  readonly #recent = new RecentlyUsed<OnePerson>(REMEMBERED)
  /** Answers that wait for the next transaction, by number and scope: one person asked for twice gets one key. */
  readonly #awaited = new Map<string, Promise<OnePerson>>()
  /** Keys that the next transaction writes, by handle in hexadecimal: one person in two scopes has one key. */
  readonly #unwritten = new Map<string, Buffer>()
  /** Handles of people whose keys are being destroyed. */
  readonly #suspended = new Set<Handle>()
  #newcomers: Newcomer[] = []

  constructor(file: KeyFile, { chance, clock }: KeyStoreSettings) {
    this.#file = file
    this.#chance = chance
    this.#index = file.secret(INDEX_SECRET)
    this.#repeat = new RepeatSecrets(file, chance, clock)
  }

  person(number: NationalNumber, scope: SubjectScope): Promise<PersonKey> | PersonKey {
    if (this.#suspended.size > 0) this.#refuseSuspended(number)
    const who = `${number} ${scope.consumer} ${scope.provider} ${scope.year}`
    return this.#recent.get(who) ?? this.#awaited.get(who) ?? this.#find(who, number, scope)
  }

  nobody(exchange: ExchangeId): Promise<SealingKey> {
    const key = this.#chance.bytes(KEY_BYTES)
    return this.#nextTransaction(new OneKey(key), (file) => file.addExchangeKey(exchange, key))
  }

  open(subject: string | undefined, exchange: ExchangeId, sealed: string): Uint8Array | undefined {
    const key = subject === undefined ? this.#file.exchangeKey(exchange) : this.#keyBehind(subject)
    if (key === undefined) return undefined
    const found = unseal(key, exchange, sealed)
    if (found.kind === 'broken') throw new SealBroken(found.part)
    return found.details
  }

  repeatSecret(day: string): Uint8Array {
    return this.#repeat.of(day)
  }

  find(number: NationalNumber): Handle | undefined {
    const handle = this.#handleOf(number)
    return this.#file.personKey(handle) && handle.toString('hex')
  }

  holder(subject: string): Handle | undefined {
    return this.#file.holder(subject)?.toString('hex')
  }

  knowsExchange(exchange: string): boolean {
    return this.#file.exchangeKey(exchange) !== undefined
  }

  subjectsOf(person: Handle): readonly string[] {
    return this.#file.subjectsOf(Buffer.from(person, 'hex'))
  }

  holdToken(person: Handle): string {
    const key = this.#file.personKey(Buffer.from(person, 'hex'))
    if (key === undefined) throw new RangeError('nobody is known under this handle')
    return createHmac('sha256', key).update('hold/1').digest('base64url')
  }

  async suspend(persons: readonly Handle[]): Promise<() => void> {
    for (const person of persons) this.#suspended.add(person)
    // Whoever was answered has sealed by then, and so has whoever waited for the transaction at the end of this turn.
    await turn()
    return () => {
      for (const person of persons) this.#suspended.delete(person)
    }
  }

  destroy(persons: readonly Handle[]): void {
    if (!persons.every((person) => this.#suspended.has(person))) {
      throw new RangeError('a key is destroyed only while its person is suspended')
    }
    const gone = new Set(persons.flatMap((person) => this.subjectsOf(person)))
    const handles = persons.map((person) => Buffer.from(person, 'hex'))
    this.#file.destroyPersons(handles)
    for (const remembered of this.#recent.values()) {
      if (gone.has(remembered.subject)) remembered.destroy()
    }
    // All of them: a look-up costs less than a second cache by person.
    this.#recent.clear()
  }

  image(): Uint8Array {
    return this.#file.image()
  }

  close(): void {
    this.#flush()
    this.#repeat.close()
    this.#recent.clear()
    this.#file.close()
  }

  #find(who: string, number: NationalNumber, scope: SubjectScope): Promise<OnePerson> | OnePerson {
    const handle = this.#handleOf(number)
    const unwritten = this.#unwritten.get(handle.toString('hex'))
    const known = unwritten ?? this.#file.personKey(handle)
    const key = known ?? this.#chance.bytes(KEY_BYTES)
    const person = new OnePerson(key, scope)
    const holder = this.#file.holder(person.subject)
    if (holder !== undefined) {
      if (!holder.equals(handle)) throw damaged('a pseudonym leads to another person')
      this.#recent.set(who, person)
      return person
    }
    if (known === undefined) this.#unwritten.set(handle.toString('hex'), key)
    const answer = this.#nextTransaction(person, (file) => {
      if (known === undefined) file.addPerson(handle, key)
      file.addPseudonym(person.subject, handle)
    }).then((durable) => {
      this.#recent.set(who, durable)
      return durable
    })
    this.#awaited.set(who, answer)
    return answer
  }

  #handleOf(number: NationalNumber): Buffer {
    return createHmac('sha256', this.#index).update(number).digest()
  }

  #refuseSuspended(number: NationalNumber): void {
    if (this.#suspended.has(this.#handleOf(number).toString('hex'))) throw unavailable('suspended')
  }

  #keyBehind(subject: string): Buffer | undefined {
    const handle = this.#file.holder(subject)
    if (handle === undefined) return undefined
    const key = this.#file.personKey(handle)
    if (key === undefined) throw damaged('a pseudonym leads to nobody')
    return key
  }

  /** Answers once `write` is durable; a failed transaction fails all who wait for it, and remembers nothing. */
  async #nextTransaction<Answer>(answer: Answer, write: (file: KeyFile) => void): Promise<Answer> {
    this.#file.assertUsable()
    if (this.#newcomers.length === 0) setImmediate(() => this.#flush())
    await new Promise<void>((done, failed) => {
      this.#newcomers.push({ write, done, failed })
    })
    return answer
  }

  #flush(): void {
    const newcomers = this.#newcomers
    if (newcomers.length === 0) return
    this.#newcomers = []
    // Cleared whatever happens: after a failure only the file says who is known (it may have kept what it said was
    // lost), never a key that stands in memory alone.
    this.#awaited.clear()
    this.#unwritten.clear()
    try {
      this.#file.inOneTransaction((file) => {
        for (const newcomer of newcomers) newcomer.write(file)
      })
    } catch (cause) {
      for (const newcomer of newcomers) newcomer.failed(cause)
      return
    }
    for (const newcomer of newcomers) newcomer.done()
  }
}

function damaged(what: string): KeyStoreUnavailable {
  return new KeyStoreUnavailable('damaged', `the key store is damaged: ${what}`)
}
