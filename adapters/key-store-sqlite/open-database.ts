/** Opens the SQLite file of the key store: alone, durable, and so that what is deleted is gone from it. */
import { closeSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs'
import type { BigIntStats, Stats } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { removeUnfinished } from './restore-image.ts'
import { asUnavailable, unavailable } from './sqlite-fault.ts'

/** "GDks". */
const APPLICATION = 0x47446b73
const FORMAT = 1

/** Each is read back: SQLite ignores a setting that it does not know or cannot have. */
const SETTINGS: readonly (readonly [pragma: string, value: string, inEffect: string | number])[] = [
  // First of all: the lock is then kept from the first access to the end of the process.
  ['locking_mode', 'EXCLUSIVE', 'exclusive'],
  // The bytes of a destroyed key are overwritten, not only unlinked.
  ['secure_delete', 'ON', 1],
  // No WAL, whose pages outlive a deletion. Not DELETE either: under an exclusive lock it only zeroes the journal's
  // header and leaves the old page, with the destroyed key, behind it.
  ['journal_mode', 'TRUNCATE', 'truncate'],
  ['synchronous', 'EXTRA', 3],
  // macOS: fsync alone leaves the bytes in the drive.
  ['fullfsync', 'ON', 1],
  // No key in a temporary file.
  ['temp_store', 'MEMORY', 2],
]

export interface Opened {
  readonly database: DatabaseSync
  readonly isNew: boolean
  /** Throws once another file, or none, stands under the name: what is written then is lost with the process. */
  readonly assertStillThere: () => void
}

export function openDatabase(path: string, expect: 'existing' | 'may-be-new'): Opened {
  try {
    removeUnfinished(path)
    const found = statSync(path, { throwIfNoEntry: false })
    if (found === undefined) createFile(path, expect)
    else assertPrivate(found)
    const database = new DatabaseSync(path, { timeout: 0 })
    try {
      const isNew = prepare(database, expect)
      const opened = statSync(path, { bigint: true })
      return { database, isNew, assertStillThere: () => assertSame(path, opened) }
    } catch (cause) {
      database.close()
      throw cause
    }
  } catch (cause) {
    throw asUnavailable(cause)
  }
}

export function markAsOurs(database: DatabaseSync): void {
  database.exec(`PRAGMA application_id = ${APPLICATION}; PRAGMA user_version = ${FORMAT}`)
}

function createFile(path: string, expect: 'existing' | 'may-be-new'): void {
  if (expect === 'existing') throw unavailable('missing')
  const folder = dirname(path)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  closeSync(openSync(path, 'wx', 0o600))
  // The names are durable before anything rests on them.
  for (const durable of [path, folder, dirname(folder)]) syncToDisk(durable)
}

function syncToDisk(path: string): void {
  const opened = openSync(path, 'r')
  try {
    fsyncSync(opened)
  } finally {
    closeSync(opened)
  }
}

function assertPrivate(found: Stats): void {
  if (!found.isFile()) throw unavailable('damaged')
  if (process.platform !== 'win32' && (found.mode & 0o077) !== 0) throw unavailable('exposed')
}

function assertSame(path: string, opened: BigIntStats): void {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (found?.ino !== opened.ino || found.dev !== opened.dev) throw unavailable('missing')
}

/** True when the file has nothing in it yet. */
function prepare(database: DatabaseSync, expect: 'existing' | 'may-be-new'): boolean {
  for (const [pragma, value, inEffect] of SETTINGS) {
    database.exec(`PRAGMA ${pragma} = ${value}`)
    if (read(database, `PRAGMA ${pragma}`) !== inEffect) throw unavailable('damaged')
  }
  // Takes the lock, takes back what a crash left half done, and fails on a file that can't be written.
  database.exec('BEGIN EXCLUSIVE; COMMIT')
  if (read(database, 'PRAGMA quick_check') !== 'ok') throw unavailable('damaged')
  const application = read(database, 'PRAGMA application_id')
  const format = read(database, 'PRAGMA user_version')
  if (application === APPLICATION && format === FORMAT) return false
  // Without any table: what a crash between the file's creation and its first transaction leaves.
  const isEmpty = read(database, 'SELECT count(*) FROM sqlite_schema') === 0
  if (expect === 'existing' || !isEmpty) throw unavailable('damaged')
  return true
}

function read(database: DatabaseSync, query: string): unknown {
  return Object.values(database.prepare(query).get() ?? {})[0]
}
