/**
 * `<data>/ledger/keys.txt`: the log keys of this instance, for `gongdao verify` and `gongdao receipt` on the same machine. Whoever
 * does not trust its operator keeps a copy of their own, made when the keys were handed over.
 */
import * as path from 'node:path'
import { ledgerFolder } from './folders.ts'

export function keysFile(dataFolder: string): string {
  return path.join(ledgerFolder(dataFolder), 'keys.txt')
}
