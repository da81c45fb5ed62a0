/**
 * `<data>/ledger/timestamp-roots.pem`: every root that time-stamps of this ledger were ever checked with, for verifiers on the
 * same machine. Whoever does not trust its operator names a file of their own, as with the keys of the log.
 */
import type { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../adapters/certs-folder/durable-file.ts'
import { ledgerFolder } from '../adapters/ledger-journal/folders.ts'
import { pemCertificates } from './pem-certificates.ts'
import { readNamed } from './read-named.ts'

export function timestampRootsFile(data: string): string {
  return join(ledgerFolder(data), 'timestamp-roots.pem')
}

/** The certificates of a file, each PEM. Throws RangeError where one can't be read, or none is there. */
export function readRoots(file: string): string[] {
  const text = readNamed(file, 'a file of roots of time-stamping authorities, PEM').toString()
  const roots = certificatesIn(text, file)
  if (roots.length === 0) throw new RangeError(`${file} holds no certificate (PEM)`)
  return roots.map((root) => root.toString())
}

/** Undefined: nobody named any. */
export function namedRoots(file: string | undefined): readonly string[] | undefined {
  return file === undefined ? undefined : readRoots(file)
}

function certificatesIn(text: string, file: string): X509Certificate[] {
  try {
    return pemCertificates(text)
  } catch (cause) {
    throw new RangeError(`${file} holds a certificate (PEM) that can't be read`, { cause })
  }
}

/** Adds what is not there yet; takes nothing away, since old time-stamps need old roots. */
export function keepRoots(data: string, roots: readonly string[]): void {
  const file = timestampRootsFile(data)
  const kept = existsSync(file) ? readRoots(file) : []
  const fresh = roots.filter((root) => !kept.includes(root))
  if (fresh.length > 0) replaceFile(file, [...kept, ...fresh].join(''), 0o644)
}
