/** A file that somebody named on the command line, or whose fault it is that it can't be read. */
import { readFileSync } from 'node:fs'
import { codeOf } from '../adapters/ledger-journal/disk.ts'

/** Throws RangeError, which says what was expected there. */
export function readNamed(file: string, expected: string): Buffer {
  try {
    return readFileSync(file)
  } catch (fault) {
    throw new RangeError(`${file} ${whyUnread(fault)}: name ${expected}`, { cause: fault })
  }
}

export function whyUnread(fault: unknown): string {
  const code = codeOf(fault)
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'is not there'
  if (code === 'EISDIR') return 'is a folder'
  return `can't be read (${code ?? 'unknown'})`
}
