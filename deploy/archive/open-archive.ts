/** The manifests of an archive, every one of them signed by the same pinned key and following the one before. */
import { ArchiveDamaged } from '../../adapters/archive-folder/archive-folder.ts'
import type { ArchiveFolder } from '../../adapters/archive-folder/archive-folder.ts'
import { readManifest } from '../../gateway/ledger/archive-manifest.ts'
import type { ArchiveManifest } from '../../gateway/ledger/archive-manifest.ts'
import { digestOf } from '../../gateway/ledger/hash.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'

/** `keys`: text of the pinned keys. Throws `ArchiveDamaged`. */
export function openArchive(archive: ArchiveFolder, keys: string): ArchiveManifest[] {
  const pinned = parsePinnedKeys(keys)
  const manifests: ArchiveManifest[] = []
  let previous: string | undefined
  for (const { note, text } of archive.manifests()) {
    const number = manifests.length + 1
    const read = readManifest(text, note, pinned)
    if ('wrong' in read) throw new ArchiveDamaged(`manifest ${String(number)}: ${read.wrong}`)
    const isOther = read.gateway !== (manifests[0] ?? read).gateway
    if (read.number !== number || read.previous !== previous || isOther)
      throw new ArchiveDamaged(`manifest ${String(number)} does not follow the one before it`)
    previous = digestOf(text)
    manifests.push(read)
  }
  return manifests
}
