/** The text of the pinned keys, from the file that is named or from the data folder's own. */
import { existsSync, readFileSync } from 'node:fs'
import { keysFile } from '../adapters/ledger-journal/keys-file.ts'
import { NoLedger } from './read-ledger.ts'

export function readKeys(options: { readonly data: string; readonly keys?: string }): string {
  const file = options.keys ?? keysFile(options.data)
  if (existsSync(file)) return readFileSync(file, 'utf8')
  throw new NoLedger(
    `${file} is not there: name the file of the pinned keys with --keys, or a data folder that holds a ledger with --data.`,
  )
}
