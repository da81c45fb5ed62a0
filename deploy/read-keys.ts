/** The text of the pinned keys, from the file that is named or from the data folder's own. */
import { readFileSync } from 'node:fs'
import { keysFile } from '../adapters/ledger-journal/keys-file.ts'
import { parsePinnedKeys } from '../gateway/ledger/pinned-keys.ts'
import { NoLedger } from './read-ledger.ts'
import { whyUnread } from './read-named.ts'

export function readKeys(options: { readonly data: string; readonly keys?: string }): string {
  const file = options.keys ?? keysFile(options.data)
  const text = textOf(file)
  // Whoever parses them later has only their text; a fault in it is told with the file's name.
  parsePinnedKeys(text, file)
  return text
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (fault) {
    throw new NoLedger(
      `${file} ${whyUnread(fault)}: name a file of pinned keys that you may read with --keys, or a data folder that holds a ledger with --data.`,
      { cause: fault },
    )
  }
}
