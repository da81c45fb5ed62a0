/**
 * The rows of the key store, and what keeps them true.
 *
 * Each row carries a check over its own bytes, all of which are compared at the start: SQLite notices a broken page, but
 * not a changed key or handle, and a handle that no longer matches would give a known person a new key.
 */
import { hash } from 'node:crypto'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { KeyStoreUnavailable } from '../../gateway/ports/key-store.ts'
import { markAsOurs, openDatabase } from './open-database.ts'
import type { Opened } from './open-database.ts'
import { PersonRows } from './person-rows.ts'
import { asUnavailable } from './sqlite-fault.ts'

const SECRET_BYTES = 32
const CHECK_BYTES = 8

const SCHEMA = `
  CREATE TABLE secrets (name TEXT PRIMARY KEY, secret BLOB NOT NULL, proof BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE persons (handle BLOB PRIMARY KEY, secret BLOB NOT NULL, proof BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE pseudonyms (subject TEXT PRIMARY KEY, handle BLOB NOT NULL, proof BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE exchanges (exchange TEXT PRIMARY KEY, secret BLOB NOT NULL, proof BLOB NOT NULL) STRICT, WITHOUT ROWID;
`
const TABLES = [
  { table: 'secrets', name: 'name', content: 'secret' },
  { table: 'persons', name: 'handle', content: 'secret' },
  { table: 'pseudonyms', name: 'subject', content: 'handle' },
  { table: 'exchanges', name: 'exchange', content: 'secret' },
] as const
type Table = (typeof TABLES)[number]['table']
type Name = string | Uint8Array

export interface FirstSecret {
  readonly name: string
  readonly secret: Buffer
}

export class KeyFile {
  readonly #database: DatabaseSync
  readonly #assertStillThere: () => void
  readonly #find = new Map<Table, StatementSync>()
  readonly #add = new Map<Table, StatementSync>()
  readonly #destroySecrets: StatementSync
  readonly #persons: PersonRows
  #unusable: KeyStoreUnavailable | undefined

  /** `first` is written together with the tables, so that a file with tables and without it can't exist. */
  static open(path: string, expect: 'existing' | 'may-be-new', first: () => FirstSecret): KeyFile {
    const opened = openDatabase(path, expect)
    try {
      if (opened.isNew) writeFirst(opened.database, first())
      const file = new KeyFile(opened)
      file.#checkEveryRow()
      return file
    } catch (cause) {
      opened.database.close()
      throw asUnavailable(cause)
    }
  }

  private constructor({ database, assertStillThere }: Opened) {
    this.#database = database
    this.#assertStillThere = assertStillThere
    for (const { table, name, content } of TABLES) {
      const find = database.prepare(
        `SELECT ${content} AS content, proof FROM ${table} WHERE ${name} = ?`,
      )
      this.#find.set(table, find)
      const add = database.prepare(
        `INSERT INTO ${table} (${name}, ${content}, proof) VALUES (?, ?, ?)`,
      )
      this.#add.set(table, add)
    }
    this.#destroySecrets = database.prepare('DELETE FROM secrets WHERE name >= ? AND name < ?')
    this.#persons = new PersonRows(database)
  }

  /** A secret that must be there. */
  secret(name: string): Buffer {
    const secret = this.findSecret(name)
    if (secret === undefined) throw damaged('a secret is missing')
    return secret
  }

  findSecret(name: string): Buffer | undefined {
    return this.#row('secrets', name)
  }

  addSecret(name: string, secret: Uint8Array): void {
    this.#insert('secrets', name, secret)
  }

  /** From the one name, up to and without the other. */
  destroySecrets(from: string, to: string): void {
    this.#destroySecrets.run(from, to)
  }

  personKey(handle: Uint8Array): Buffer | undefined {
    return this.#row('persons', handle)
  }

  addPerson(handle: Uint8Array, key: Uint8Array): void {
    this.#insert('persons', handle, key)
  }

  /** Whose pseudonym this is. */
  holder(subject: string): Buffer | undefined {
    return this.#row('pseudonyms', subject)
  }

  addPseudonym(subject: string, handle: Uint8Array): void {
    this.#insert('pseudonyms', subject, handle)
  }

  subjectsOf(handle: Uint8Array): readonly string[] {
    this.assertUsable()
    return this.#persons.subjectsOf(handle)
  }

  /**
   * Keys, handles and pseudonyms of these people are in none of the file's bytes when this returns: `secure_delete` overwrites them, also
   * where a tree was balanced since (a test looks for traces), and the journal is cut to nothing.
   */
  destroyPersons(handles: readonly Uint8Array[]): void {
    this.inOneTransaction(() => {
      for (const handle of handles) this.#persons.delete(handle)
    })
  }

  /** The whole file as it would be copied, keys in plain. */
  image(): Uint8Array {
    this.assertUsable()
    return this.#database.serialize()
  }

  exchangeKey(exchange: string): Buffer | undefined {
    return this.#row('exchanges', exchange)
  }

  addExchangeKey(exchange: string, key: Uint8Array): void {
    this.#insert('exchanges', exchange, key)
  }

  /** All of `write` is durable when this returns, or none of it counts and it throws `KeyStoreUnavailable`. */
  inOneTransaction(write: (file: KeyFile) => void): void {
    this.assertUsable()
    try {
      this.#database.exec('BEGIN IMMEDIATE')
      write(this)
      this.#database.exec('COMMIT')
      this.#assertStillThere()
    } catch (cause) {
      throw this.#afterFailure(asUnavailable(cause))
    }
  }

  assertUsable(): void {
    if (this.#unusable !== undefined) throw this.#unusable
  }

  close(): void {
    this.#unusable ??= new KeyStoreUnavailable('closed', 'the key store is closed')
    if (this.#database.isOpen) this.#database.close()
  }

  #row(table: Table, name: Name): Buffer | undefined {
    this.assertUsable()
    try {
      const row = this.#find.get(table)?.get(name)
      return row === undefined ? undefined : checked(table, name, row)
    } catch (cause) {
      throw asUnavailable(cause)
    }
  }

  #insert(table: Table, name: Name, content: Uint8Array): void {
    this.#add.get(table)?.run(name, content, proofOf(table, name, content))
  }

  #checkEveryRow(): void {
    for (const { table, name, content } of TABLES) {
      const rows = this.#database.prepare(
        `SELECT ${name} AS name, ${content} AS content, proof FROM ${table}`,
      )
      for (const row of rows.iterate()) checked(table, nameIn(row), row)
    }
  }

  /**
   * A failed commit is taken back, so the next transaction may be tried (a full disk becomes free again). Not so after
   * an input or output error: what the disk holds is not known then, so nothing more is read or written.
   */
  #afterFailure(fault: KeyStoreUnavailable): KeyStoreUnavailable {
    try {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
    } catch {
      this.#unusable = fault
    }
    if (fault.fault !== 'full' && fault.fault !== 'locked') this.#unusable = fault
    return fault
  }
}

function writeFirst(database: DatabaseSync, { name, secret }: FirstSecret): void {
  database.exec('BEGIN IMMEDIATE')
  database.exec(SCHEMA)
  database
    .prepare('INSERT INTO secrets (name, secret, proof) VALUES (?, ?, ?)')
    .run(name, secret, proofOf('secrets', name, secret))
  markAsOurs(database)
  database.exec('COMMIT')
}

type Row = Record<string, unknown>

function checked(table: Table, name: Name, row: Row): Buffer {
  const { content, proof } = row
  if (!(content instanceof Uint8Array) || content.length !== SECRET_BYTES)
    throw damaged('a row has another length')
  if (!(proof instanceof Uint8Array) || !proofOf(table, name, content).equals(proof)) {
    throw damaged('a row is not what was written')
  }
  return Buffer.from(content)
}

function nameIn({ name }: Row): Name {
  if (typeof name === 'string' || name instanceof Uint8Array) return name
  throw damaged('a row has no name')
}

/** Against decay and mishaps, not against an attacker, who could write whole rows. */
function proofOf(table: Table, name: Name, content: Uint8Array): Buffer {
  return hash(
    'sha256',
    Buffer.concat([Buffer.from(table), Buffer.from(name), content]),
    'buffer',
  ).subarray(0, CHECK_BYTES)
}

function damaged(what: string): KeyStoreUnavailable {
  return new KeyStoreUnavailable('damaged', `the key store is damaged: ${what}`)
}
