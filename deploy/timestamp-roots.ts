/**
 * `<data>/ledger/timestamp-roots.pem`: every root that time-stamps of this ledger were ever checked with, for verifiers on the
 * same machine. Whoever does not trust its operator names a file of their own, as with the keys of the log.
 */
import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../adapters/certs-folder/durable-file.ts'
import { ledgerFolder } from '../adapters/ledger-journal/folders.ts'

export function timestampRootsFile(data: string): string {
  return join(ledgerFolder(data), 'timestamp-roots.pem')
}

/** The certificates of a file, each PEM. Throws where one can't be read, or none is there. */
export function readRoots(file: string): string[] {
  const blocks = readFileSync(file, 'utf8').match(
    /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g,
  )
  if (blocks === null) throw new RangeError(`${file} holds no certificate (PEM)`)
  return blocks.map((block) => new X509Certificate(block).toString())
}

/** Adds what is not there yet; takes nothing away, since old time-stamps need old roots. */
export function keepRoots(data: string, roots: readonly string[]): void {
  const file = timestampRootsFile(data)
  const kept = existsSync(file) ? readRoots(file) : []
  const fresh = roots.filter((root) => !kept.includes(root))
  if (fresh.length > 0) replaceFile(file, [...kept, ...fresh].join(''), 0o644)
}
