/**
 * A key store put back from a backup. Who was erased since is taken out in memory first: no byte of her key reaches the disk
 * again, whenever the process is killed.
 */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { PersonRows } from './person-rows.ts'
import { asUnavailable } from './sqlite-fault.ts'

/** Answers how many persons were taken out. Throws `KeyStoreUnavailable`. */
export function restoreImage(
  path: string,
  image: Uint8Array,
  isErased: (subject: string) => boolean,
): number {
  try {
    const { count, cleaned } = withoutErased(image, isErased)
    // Whatever a crash left to be taken back belongs to the file that goes: on this one it would be damage.
    rmSync(`${path}-journal`, { force: true })
    writeDurably(unfinished(path), cleaned)
    renameSync(unfinished(path), path)
    sync(dirname(path))
    return count
  } catch (cause) {
    throw asUnavailable(cause)
  }
}

/** What a killed restoration left holds keys that a later erasure would miss. */
export function removeUnfinished(path: string): void {
  rmSync(unfinished(path), { force: true })
}

function withoutErased(
  image: Uint8Array,
  isErased: (subject: string) => boolean,
): { readonly count: number; readonly cleaned: Uint8Array } {
  const database = new DatabaseSync(':memory:')
  try {
    database.deserialize(image)
    const rows = new PersonRows(database)
    const erased = new Set<string>()
    for (const { handle, subject } of database.prepare('SELECT * FROM pseudonyms').iterate()) {
      if (!isErased(String(subject)) || !(handle instanceof Uint8Array)) continue
      erased.add(Buffer.from(handle).toString('hex'))
    }
    for (const handle of erased) rows.delete(Buffer.from(handle, 'hex'))
    database.exec('VACUUM')
    return { count: erased.size, cleaned: database.serialize() }
  } finally {
    database.close()
  }
}

function unfinished(path: string): string {
  return `${path}.restoring`
}

function writeDurably(path: string, content: Uint8Array): void {
  rmSync(path, { force: true })
  const opened = openSync(path, 'wx', 0o600)
  try {
    writeFileSync(opened, content)
    fsyncSync(opened)
  } finally {
    closeSync(opened)
  }
}

function sync(folder: string): void {
  if (process.platform === 'win32') return
  const opened = openSync(folder, 'r')
  try {
    fsyncSync(opened)
  } finally {
    closeSync(opened)
  }
}
