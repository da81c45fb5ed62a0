/** A ledger put back from an archive into a folder that holds none: its files as they were, for verify and replay. */
import { existsSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ArchiveFolder } from '../../adapters/archive-folder/archive-folder.ts'
import { makeFolder, replaceFile } from '../../adapters/certs-folder/durable-file.ts'
import { ledgerFolder } from '../../adapters/ledger-journal/folders.ts'
import { contentsOf } from '../../gateway/ledger/archive-manifest.ts'
import { openArchive } from './open-archive.ts'

export interface RestoreArchive {
  readonly archive: string
  readonly to: string
  readonly keys: string
  readonly onProgress?: (files: number) => void
}

/** What a person reads who would write over a ledger. */
export class LedgerThere extends Error {
  override readonly name = 'LedgerThere'
}

/** Answers how many files it wrote: all of them or none. Throws where the archive is damaged. */
export function restoreArchive({ archive, keys, onProgress, to }: RestoreArchive): number {
  if (existsSync(ledgerFolder(to)))
    throw new LedgerThere(`${to} holds a ledger already: name an empty folder with --to.`)
  const folder = new ArchiveFolder(archive)
  const contents = [...contentsOf(openArchive(folder, keys)).values()]
  const files = contents.filter(({ path }) => path.startsWith('ledger/'))
  // Half a ledger would be taken for a shorter one.
  const half = join(to, 'restoring')
  rmSync(half, { recursive: true, force: true })
  for (const [at, { bytes, path, sha256, size }] of files.entries()) {
    const file = join(half, path)
    makeFolder(dirname(file))
    const kept = folder.get(sha256)
    replaceFile(file, Buffer.concat([kept, Buffer.alloc(size - bytes)]), 0o600)
    onProgress?.(at + 1)
  }
  if (files.length > 0) renameSync(ledgerFolder(half), ledgerFolder(to))
  rmSync(half, { recursive: true, force: true })
  return files.length
}
