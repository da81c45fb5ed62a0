/**
 * `<data>/ledger/witnesses.txt`: the configured witnesses as a C2SP tlog-policy, for `gongdao receipt` on the same machine. Whoever does not
 * trust its operator keeps a policy of their own.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../adapters/certs-folder/durable-file.ts'
import { ledgerFolder } from '../adapters/ledger-journal/folders.ts'
import { witnessPolicyText } from '../gateway/ledger/witness-policy.ts'
import type { Witnesses } from './config/witnesses.ts'

export function witnessPolicyFile(data: string): string {
  return join(ledgerFolder(data), 'witnesses.txt')
}

export function keepWitnessPolicy(data: string, { require, witnesses }: Witnesses): void {
  const file = witnessPolicyFile(data)
  const vkeys = witnesses.map(({ key }) => key)
  const text = witnessPolicyText(vkeys, require)
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) replaceFile(file, text, 0o644)
}
