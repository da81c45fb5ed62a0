/** Backups of the key store that expire, and the way back. */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { openKeyStore } from '../../adapters/key-store-sqlite/key-store-sqlite.ts'
import { restoreImage } from '../../adapters/key-store-sqlite/restore-image.ts'
import { ledgerFolder } from '../../adapters/ledger-journal/folders.ts'
import { lockFolder } from '../../adapters/ledger-journal/lock.ts'
import type { Chance, Clock } from '../../gateway/ports/clock.ts'
import { KeyStoreUnavailable } from '../../gateway/ports/key-store.ts'
import { Instant } from '../../policies/vocabulary.ts'
import { foldersOf } from '../config.ts'
import { readLedger } from '../read-ledger.ts'
import { backupKey, keepBackupKey } from './backup-keys.ts'
import type { DutyHost } from './host.ts'
import { lockContent, parseLockedFile, unlockContent } from './locked-file.ts'
import { ownGateway } from './own-gateway.ts'

export const MOST_BACKUP_DAYS = 30
const DAY_MS = 86_400_000
const WHAT = 'gongdao/key-backup/1'

export interface BackedUp {
  readonly kind: 'backed-up'
  /** Text of the file. */
  readonly file: string
  readonly expires: Instant
}

export class BackupRefused extends Error {
  override readonly name = 'BackupRefused'
}

export function backUp(
  host: Pick<DutyHost, 'chance' | 'clock' | 'data' | 'instance' | 'keys' | 'mostBackupDays'>,
  { days, passphrase }: { readonly days: number; readonly passphrase: string },
): BackedUp {
  const { chance, clock, data, instance, keys } = host
  const most = host.mostBackupDays ?? MOST_BACKUP_DAYS
  if (!Number.isInteger(days) || days < 1 || days > most) {
    throw new BackupRefused(`a backup expires after 1 to ${String(most)} days`)
  }
  if (passphrase.length < 12) throw new BackupRefused('a passphrase of 12 characters or more')
  const made = clock.now()
  const expires = Instant.ofMilliseconds(made + days * DAY_MS)
  const id = randomUUID()
  const secret = chance.bytes(32)
  // Durable first: a backup whose key is not kept would be known as none only on the day when it is needed.
  keepBackupKey(data, id, { expires, key: secret.toString('base64url') })
  const about = { what: WHAT, backup: id, expires, instance, made }
  const bytes = (count: number): Buffer => chance.bytes(count)
  const file = lockContent(keys.image(), about, { passphrase, secret, bytes })
  return { kind: 'backed-up', file, expires }
}

export interface Restored {
  readonly made: Instant
  /** Persons who were erased after the backup was made. */
  readonly erasedSince: number
}

/** The gateway is stopped. A key store that can be read is replaced only where `replace` says so: it knows more people. */
export async function restoreKeys(
  data: string,
  from: { readonly text: string; readonly passphrase: string; readonly replace: boolean },
  outside: { readonly clock: Clock; readonly chance: Chance },
): Promise<Restored> {
  const lock = await lockFolder(ledgerFolder(data))
  try {
    const { image, made } = openBackup(data, from, outside.clock)
    const file = `${foldersOf(data).keys}/keys.sqlite`
    if (!from.replace && isReadable(file, outside)) {
      throw new BackupRefused(
        'a key store is there and can be read: it knows everybody whom the backup knows, and those who came since. To lose them, say --replace',
      )
    }
    const { duties } = readLedger(data).view
    const gateway = ownGateway(data)
    const isErased = (subject: string): boolean => duties.erasureOf(gateway, subject) !== undefined
    const erasedSince = restoreImage(file, image, isErased)
    openKeyStore({ file, expect: 'existing', ...outside }).close()
    return { made, erasedSince }
  } finally {
    await lock.release()
  }
}

function openBackup(
  data: string,
  { passphrase, text }: { readonly text: string; readonly passphrase: string },
  clock: Clock,
): { readonly image: Buffer; readonly made: Instant } {
  const locked = parseLockedFile(text)
  const { backup, expires, made, what } = locked.about
  if (what !== WHAT) throw new BackupRefused('this is no backup of a key store')
  const secret = backupKey(data, String(backup), clock.now())
  if (secret === undefined) {
    throw new BackupRefused(
      `the key of this backup is destroyed or not here: it expired on ${new Date(Number(expires)).toISOString()}, or is of another data folder. Nobody can open it`,
    )
  }
  const image = unlockContent(locked, { passphrase, secret })
  return { image, made: Instant.ofMilliseconds(Number(made)) }
}

function isReadable(
  file: string,
  outside: { readonly clock: Clock; readonly chance: Chance },
): boolean {
  if (!existsSync(file)) return false
  try {
    openKeyStore({ file, expect: 'existing', ...outside }).close()
    return true
  } catch (fault) {
    if (fault instanceof KeyStoreUnavailable && fault.fault === 'damaged') return false
    throw fault
  }
}
