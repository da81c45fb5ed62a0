/** What SQLite says, in our words. Its messages name tables and columns, never values. */
import { KeyStoreUnavailable } from '../../gateway/ports/key-store.ts'
import type { KeyStoreFault } from '../../gateway/ports/key-store.ts'

// https://www.sqlite.org/rescode.html
const BY_PRIMARY_CODE = new Map<number, KeyStoreFault>([
  [1, 'damaged'], // ERROR: a table or column that must be there is not
  [3, 'read-only'], // PERM
  [5, 'locked'], // BUSY
  [6, 'locked'], // LOCKED
  [8, 'read-only'], // READONLY
  [11, 'damaged'], // CORRUPT
  [13, 'full'], // FULL
  [19, 'damaged'], // CONSTRAINT: a row that can't be there is there
  [26, 'damaged'], // NOTADB
])
const BY_SYSTEM_CODE = new Map<string, KeyStoreFault>([
  ['EACCES', 'read-only'],
  ['EPERM', 'read-only'],
  ['EROFS', 'read-only'],
  ['ENOSPC', 'full'],
])

const SENTENCES: Record<KeyStoreFault, string> = {
  missing: 'the file of the key store is gone',
  damaged: 'the key store is damaged',
  locked: 'another process has the key store open',
  exposed: 'the file of the key store can be read by other users; it must have mode 0600',
  'read-only': 'the key store cannot be written',
  full: 'there is no space left for the key store',
  suspended: 'this key is being destroyed',
  'input-output': 'the key store cannot be read or written',
  closed: 'the key store is closed',
}

export function asUnavailable(cause: unknown): KeyStoreUnavailable {
  if (cause instanceof KeyStoreUnavailable) return cause
  return unavailable(faultOf(cause), cause)
}

export function unavailable(fault: KeyStoreFault, cause?: unknown): KeyStoreUnavailable {
  return new KeyStoreUnavailable(fault, SENTENCES[fault], cause)
}

/** `errcode` is SQLite's extended result code, `code` that of a call to the file system. */
function faultOf(cause: unknown): KeyStoreFault {
  if (typeof cause !== 'object' || cause === null) return 'input-output'
  if ('errcode' in cause && typeof cause.errcode === 'number') {
    return BY_PRIMARY_CODE.get(cause.errcode & 0xff) ?? 'input-output'
  }
  if ('code' in cause && typeof cause.code === 'string') {
    return BY_SYSTEM_CODE.get(cause.code) ?? 'input-output'
  }
  return 'input-output'
}
