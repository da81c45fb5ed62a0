/**
 * `<data>/keys/backups/`: one key for each backup of the key store, destroyed when the backup expires. Backups are encrypted under it as well as under
 * a passphrase, so that an expired one opens to nobody, whoever kept a copy of the file. The folder belongs on another medium than the
 * key store (a mount, a link): a backup is for the day on which that one is lost.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder, replaceFile } from '../../adapters/certs-folder/durable-file.ts'
import type { Instant } from '../../policies/vocabulary.ts'
import { foldersOf } from '../config.ts'
import { destroyFile } from './destroy-file.ts'

/** A backup's id; while it is written, with a suffix. */
const KEY_FILE = /^[0-9a-f-]{36}\.json/

interface BackupKey {
  readonly expires: number
  /** 32 bytes, base64url. */
  readonly key: string
}

export function keepBackupKey(data: string, id: string, kept: BackupKey): void {
  makeFolder(folderOf(data))
  replaceFile(join(folderOf(data), `${id}.json`), JSON.stringify(kept), 0o600)
}

/** Undefined: it is destroyed, or not of this folder. */
export function backupKey(data: string, id: string, now: Instant): Buffer | undefined {
  destroyExpired(data, now)
  const file = join(folderOf(data), `${id}.json`)
  return /^[0-9a-f-]{36}$/.test(id) && existsSync(file)
    ? Buffer.from(read(file).key, 'base64url')
    : undefined
}

/** Answers how many backups nobody can open any more from now on. */
export function destroyExpired(data: string, now: Instant): number {
  const folder = folderOf(data)
  if (!existsSync(folder)) return 0
  // The folder may be a medium of its own, with things in it that are not ours (lost+found).
  const files = readdirSync(folder).filter((name) => KEY_FILE.test(name))
  // A file that was not written whole is no key of anything.
  const expired = files
    .map((name) => join(folder, name))
    .filter((file) => !file.endsWith('.json') || read(file).expires <= now)
  for (const file of expired) destroyFile(file)
  return expired.length
}

function folderOf(data: string): string {
  return join(foldersOf(data).keys, 'backups')
}

/** What can't be read has expired. */
function read(file: string): BackupKey {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as BackupKey
  } catch {
    return { expires: 0, key: '' }
  }
}
