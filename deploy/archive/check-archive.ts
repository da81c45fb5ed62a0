/** Every object of an archive read and hashed, and every manifest's signature and order; nothing is changed. */
import { ArchiveDamaged, ArchiveFolder } from '../../adapters/archive-folder/archive-folder.ts'
import type { ArchiveManifest } from '../../gateway/ledger/archive-manifest.ts'
import { openArchive } from './open-archive.ts'

export interface CheckedArchive {
  readonly manifests: number
  readonly objects: number
  readonly bytes: number
  /** What is wrong; empty: nothing. */
  readonly findings: readonly string[]
  readonly newest: ArchiveManifest | undefined
}

export function checkArchive(
  archive: string,
  keys: string,
  onProgress?: (objects: number) => void,
): CheckedArchive {
  const folder = new ArchiveFolder(archive)
  const findings: string[] = []
  const manifests = told(findings, () => openArchive(folder, keys)) ?? []
  const entries = manifests.flatMap((manifest) => manifest.entries)
  const sizes = new Map(entries.map(({ bytes, sha256 }) => [sha256, bytes]))
  let bytes = 0
  let done = 0
  for (const [sha256, due] of sizes) {
    const length = told(findings, () => folder.get(sha256))?.length
    if (length !== undefined && length !== due)
      findings.push(`object ${sha256} has another length than its manifest says`)
    bytes += length ?? 0
    onProgress?.((done += 1))
  }
  if (manifests.length === 0 && findings.length === 0)
    findings.push('the archive holds no manifest')
  return {
    manifests: manifests.length,
    objects: sizes.size,
    bytes,
    findings,
    newest: manifests.at(-1),
  }
}

function told<Result>(findings: string[], work: () => Result): Result | undefined {
  try {
    return work()
  } catch (fault) {
    if (!(fault instanceof ArchiveDamaged)) throw fault
    findings.push(fault.message)
    return undefined
  }
}
