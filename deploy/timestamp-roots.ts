/**
 * `<data>/ledger/timestamp-roots.pem`: every root that time-stamps of this ledger were ever checked with, for verifiers on the
 * same machine. Whoever does not trust its operator names a file of their own, as with the keys of the log.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../adapters/certs-folder/durable-file.ts'
import { ledgerFolder } from '../adapters/ledger-journal/folders.ts'
import { pemCertificates } from './pem-certificates.ts'

export function timestampRootsFile(data: string): string {
  return join(ledgerFolder(data), 'timestamp-roots.pem')
}

/** The certificates of a file, each PEM. Throws where one can't be read, or none is there. */
export function readRoots(file: string): string[] {
  const roots = pemCertificates(readFileSync(file, 'utf8'))
  if (roots.length === 0) throw new RangeError(`${file} holds no certificate (PEM)`)
  return roots.map((root) => root.toString())
}

/** Adds what is not there yet; takes nothing away, since old time-stamps need old roots. */
export function keepRoots(data: string, roots: readonly string[]): void {
  const file = timestampRootsFile(data)
  const kept = existsSync(file) ? readRoots(file) : []
  const fresh = roots.filter((root) => !kept.includes(root))
  if (fresh.length > 0) replaceFile(file, [...kept, ...fresh].join(''), 0o644)
}
