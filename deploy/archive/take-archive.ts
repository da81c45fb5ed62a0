/**
 * Puts into an archive what has come since its last manifest: segments, time-stamps, published checkpoints, keys, and, readable without
 * any of our programs, the documents, rules, revocation lists and the engine that decisions named.
 */
import { basename, dirname } from 'node:path'
import { ArchiveFolder } from '../../adapters/archive-folder/archive-folder.ts'
import { makeFolder } from '../../adapters/certs-folder/durable-file.ts'
import { engineFiles } from '../../adapters/cedar-engine/engine-files.ts'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import { FolderLocked, lockFolder } from '../../adapters/ledger-journal/lock.ts'
import { SEGMENT_NAME } from '../../adapters/ledger-journal/segments.ts'
import { contentsOf, manifestText, signManifest } from '../../gateway/ledger/archive-manifest.ts'
import type { ArchiveEntry, ArchiveManifest } from '../../gateway/ledger/archive-manifest.ts'
import type { Head } from '../../gateway/ledger/entry.ts'
import { digestOf, digestOfTreeHash } from '../../gateway/ledger/hash.ts'
import type { Checkpoint } from '../../gateway/ledger/note.ts'
import type { LogSigner } from '../../gateway/ledger/signer.ts'
import type { Instant } from '../../policies/vocabulary.ts'
import { openArchive } from './open-archive.ts'
import { readTexts } from './read-texts.ts'
import type { LedgerTexts } from './read-texts.ts'
import { snapshot } from './snapshot.ts'
import type { SnapshotFile } from './snapshot.ts'

export interface TakeArchive {
  readonly data: string
  readonly to: string
  readonly keys: string
  /** The registrar's; or that of the gateway that is named, where it follows a registry. */
  readonly signer: LogSigner
  readonly gateway?: string | undefined
  readonly now: Instant
  readonly onProgress?: (files: number) => void
}

export interface TakenArchive {
  readonly manifest: ArchiveManifest
  /** SHA-256 of the manifest, as a `pruned` leaf names it. */
  readonly digest: string
  readonly objects: number
  readonly bytes: number
}

/** Throws where the archive is damaged, not of this ledger, or another run has it under its hands. */
export async function takeArchive(options: TakeArchive): Promise<TakenArchive> {
  makeFolder(options.to)
  const lock = await lockFolder(options.to).catch((fault: unknown) => {
    if (!(fault instanceof FolderLocked)) throw fault
    throw new Error(`another run writes to ${options.to}: let it end first`, { cause: fault })
  })
  try {
    return await take(options)
  } finally {
    await lock.release()
  }
}

async function take(options: TakeArchive): Promise<TakenArchive> {
  const { data, keys, now, onProgress, signer, to } = options
  const archive = new ArchiveFolder(to)
  const manifests = openArchive(archive, keys)
  const known = contentsOf(manifests)
  const kept = new Keeping(archive, known, onProgress)
  // Asked first: what has ended by now is whole when it is read.
  const texts = readTexts(data)
  await snapshot(
    data,
    (path) => known.get(path)?.closed === true,
    (file) => kept.add(file),
  )
  for (const { bytes, path } of texts.files) kept.add({ path, bytes, size: bytes.length })
  const { engine } = texts
  for (const { bytes, name } of engineFiles()) {
    const path = `engine/${engine.name}-${engine.version}/${name}`
    kept.add({ path, bytes, size: bytes.length })
  }
  const before = manifests.at(-1)
  const manifest: ArchiveManifest = {
    at: now,
    chains: kept.heads(),
    engine,
    entries: kept.entries(closedPaths(texts, [...known.keys(), ...kept.paths()])),
    ...(options.gateway !== undefined && { gateway: options.gateway }),
    instance: texts.instance,
    number: manifests.length + 1,
    ...(before && { previous: digestOf(manifestText(before)) }),
    v: 1,
  }
  const note = signManifest(manifest, signer)
  const text = manifestText(manifest)
  archive.addManifest(manifest.number, { text, note })
  // Read again as everybody else will.
  openArchive(archive, keys)
  return { manifest, digest: digestOf(text), objects: kept.objects, bytes: kept.bytes }
}

class Keeping {
  objects = 0
  bytes = 0
  readonly #archive: ArchiveFolder
  readonly #known: ReadonlyMap<string, ArchiveEntry>
  readonly #kept = new Map<string, Omit<ArchiveEntry, 'closed'>>()
  readonly #heads = new Map<string, Head>()
  readonly #onProgress: ((files: number) => void) | undefined

  constructor(
    archive: ArchiveFolder,
    known: ReadonlyMap<string, ArchiveEntry>,
    onProgress: ((files: number) => void) | undefined,
  ) {
    this.#archive = archive
    this.#known = known
    this.#onProgress = onProgress
  }

  add({ bytes, checkpoint, path, size }: SnapshotFile): void {
    // A spare segment that was never used.
    if (bytes.length === 0 && SEGMENT_NAME.test(basename(path))) return
    const { isNew, sha256 } = this.#archive.put(bytes)
    if (isNew) {
      this.objects += 1
      this.bytes += bytes.length
    }
    this.#kept.set(path, { bytes: bytes.length, path, sha256, size })
    if (checkpoint !== undefined) this.#reached(checkpoint)
    this.#onProgress?.(this.#kept.size)
  }

  #reached({ origin, root, size }: Checkpoint): void {
    const known = this.#heads.get(origin)
    if (known === undefined || size > known.size)
      this.#heads.set(origin, { origin, root: digestOfTreeHash(root), size })
  }

  heads(): Head[] {
    return [...this.#heads.values()].sort((a, b) => (a.origin < b.origin ? -1 : 1))
  }

  paths(): string[] {
    return [...this.#kept.keys()]
  }

  /** What differs from what the archive had. */
  entries(closed: ReadonlySet<string>): ArchiveEntry[] {
    return [...this.#kept.values()]
      .map((entry) => ({ ...entry, closed: closed.has(entry.path) }))
      .filter(({ path, ...entry }) => {
        const known = this.#known.get(path)
        return known?.sha256 !== entry.sha256 || known.closed !== entry.closed
      })
      .sort((left, right) => (left.path < right.path ? -1 : 1))
  }
}

/** Segments that nothing is added to any more: another one is in use behind it, or its chain has ended. */
function closedPaths({ view }: LedgerTexts, paths: readonly string[]): Set<string> {
  const over = new Set(
    [...view.closures.keys()].map((chain) => chainFolder('', chain).replaceAll('\\', '/')),
  )
  const segments = paths.filter((path) => SEGMENT_NAME.test(basename(path)))
  const newest = new Map<string, string>()
  for (const path of segments.toSorted()) newest.set(dirname(path), path)
  const isClosed = (path: string): boolean =>
    over.has(dirname(path)) || newest.get(dirname(path)) !== path
  return new Set(segments.filter(isClosed))
}
