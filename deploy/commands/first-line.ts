import { readFileSync } from 'node:fs'

/** A passphrase: never an argument, since those are seen in the list of processes. `-` is standard input. */
export function firstLineOf(file: string): string {
  const line = /^[^\r\n]*/.exec(readFileSync(file === '-' ? 0 : file, 'utf8'))?.[0] ?? ''
  if (line === '') throw new RangeError('the passphrase is empty')
  return line
}
