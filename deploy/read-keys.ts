/** The text of the pinned keys, from the file that is named or from the data folder's own. */
import { readFileSync } from 'node:fs'
import { codeOf } from '../adapters/ledger-journal/disk.ts'
import { keysFile } from '../adapters/ledger-journal/keys-file.ts'
import { NoLedger } from './read-ledger.ts'

export function readKeys(options: { readonly data: string; readonly keys?: string }): string {
  const file = options.keys ?? keysFile(options.data)
  try {
    return readFileSync(file, 'utf8')
  } catch (fault) {
    throw new NoLedger(whyNot(file, codeOf(fault)), { cause: fault })
  }
}

function whyNot(file: string, code: string | undefined): string {
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return `${file} is not there: name the file of the pinned keys with --keys, or a data folder that holds a ledger with --data.`
  }
  if (code === 'EISDIR')
    return `${file} is a folder: name the file of the pinned keys in it with --keys.`
  return `${file} can't be read (${code ?? 'unknown'}): run this as a user who may read it, or name a copy with --keys.`
}
