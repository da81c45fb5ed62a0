/**
 * `<data>/ledger/keys.txt`: the log keys of this instance, for `gongdao verify` and `gongdao receipt` on the same machine. Whoever
 * does not trust its operator keeps a copy of their own, made when the keys were handed over.
 */
import * as fs from 'node:fs'
import * as path from 'node:path'
import { ledgerFolder } from './folders.ts'

export function keysFile(dataFolder: string): string {
  return path.join(ledgerFolder(dataFolder), 'keys.txt')
}

const HEAD =
  '# Log keys of this instance (C2SP verifier keys). Keep a copy where its operator cannot write.\n'

/** Adds the lines that are not there yet (`vkeyText(<name to pin>, <public key>)`); never takes one away. */
export function rememberKeys(dataFolder: string, vkeys: readonly string[]): void {
  const file = keysFile(dataFolder)
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  const before = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : HEAD
  const known = new Set(before.split('\n'))
  const added = vkeys.filter((vkey) => !known.has(vkey)).map((vkey) => `${vkey}\n`)
  if (added.length === 0) return
  // Renamed into place: a verifier that runs meanwhile reads the old file or the new one.
  fs.writeFileSync(`${file}.new`, before + added.join(''), { flush: true })
  fs.renameSync(`${file}.new`, file)
}
