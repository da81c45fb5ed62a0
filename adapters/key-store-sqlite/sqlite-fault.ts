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
/** The file was moved or removed while open. */
const READONLY_DBMOVED = 1032

const SENTENCES: Record<KeyStoreFault, string> = {
  missing: 'the file of the key store is gone',
  damaged: 'the key store is damaged',
  locked: 'another process has the key store open',
  exposed: 'the file of the key store can be read by other users; it must have mode 0600',
  'read-only': 'the key store cannot be written',
  full: 'there is no space left for the key store',
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

function faultOf(cause: unknown): KeyStoreFault {
  const code = cause instanceof Error && 'errcode' in cause ? cause.errcode : undefined
  if (typeof code !== 'number') return 'input-output'
  if (code === READONLY_DBMOVED) return 'missing'
  return BY_PRIMARY_CODE.get(code & 0xff) ?? 'input-output'
}
