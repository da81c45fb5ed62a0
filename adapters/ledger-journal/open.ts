/** Opens the journal of one chain for appending: recovers it, completes what a crash left unsigned, makes room ahead. */
import * as path from 'node:path'
import { checkpointWriter } from '../../gateway/ledger/checkpoint.ts'
import { LONGEST_NOTE } from '../../gateway/ledger/entry-bytes.ts'
import type { LogSigner } from '../../gateway/ledger/signer.ts'
import type { Timers } from '../../gateway/ports/timers.ts'
import { HEADROOM } from '../../gateway/ledger/storage.ts'
import type { Storage } from '../../gateway/ledger/storage.ts'
import { rootOf } from '../../gateway/ledger/tree.ts'
import type { Edge } from '../../gateway/ledger/tree.ts'
import type { TreeHash } from '../../gateway/ledger/hash.ts'
import { nodeDisk } from './disk.ts'
import type { Disk } from './disk.ts'
import { Journal } from './journal.ts'
import { LeafArchive } from './leaf-archive.ts'
import type { Position } from './journal.ts'
import { makeTailDurable } from './make-tail-durable.ts'
import { recover } from './recover.ts'
import type { Cut, Recovered } from './recover.ts'
import type { ReadEntry } from './replay.ts'
import { Segments, segmentName, segmentSize } from './segments.ts'
import type { Segment } from './segments.ts'

/** The disk, how large segments grow, and who waits for room; absent: the machine's, 16 MiB. */
export interface JournalPlace {
  readonly disk?: Disk
  readonly segmentBytes?: number
  readonly timers?: Timers
}

export interface OpenJournalOptions extends JournalPlace {
  readonly folder: string
  readonly origin: string
  readonly signer: LogSigner
  /** As for `openChain`: registry and consent. */
  readonly twoPhase: boolean
  /** The checkpoint over so many leaves, where another than `signer` signs them; absent: `signer` does. MUST be checked already. */
  readonly complete?: (size: number, root: TreeHash) => Promise<string>
  /** Each entry that is there already, in order. */
  readonly visit?: (entry: ReadEntry) => void
}

export interface OpenedJournal {
  readonly storage: Storage
  /** For `openChain`. */
  readonly edge: Edge
  /** Torn tails that were cut from this chain, now or before: each belongs in a leaf. */
  readonly cuts: readonly Cut[]
  /** Reads leaves back; pass its `keep` to `openChain` as `onDurable`. */
  readonly archive: LeafArchive
}

const SEGMENT_BYTES = 16 * 1024 * 1024

export async function openJournal(options: OpenJournalOptions): Promise<OpenedJournal> {
  const { disk = nodeDisk, folder, origin, segmentBytes = SEGMENT_BYTES, signer } = options
  await disk.makeFolder(folder)
  await makeTailDurable(disk, folder)
  const archive = new LeafArchive({ disk, folder, origin })
  const recovered = await recover({
    ...options,
    disk,
    publicKey: signer.publicKey,
    onLeaves: (first, hashes) => archive.leaves(first, hashes),
    onFrame: (place) => archive.frame(place),
  })
  const open = (segment: { readonly number: number; readonly size: number }): Segment => ({
    ...segment,
    file: disk.open(path.join(folder, segmentName(segment.number)), 'update'),
  })
  // One that a crash left half made is of another size; its number is not given again.
  const isWhole = ({ number, size }: { number: number; size: number }): boolean =>
    size === segmentSize(number, segmentBytes)
  const usable = recovered.unused.filter(isWhole)
  for (const segment of recovered.unused) {
    if (!isWhole(segment)) disk.remove(path.join(folder, segmentName(segment.number)))
  }
  const position = recovered.end && positionOf(recovered.end, open)
  const segments = new Segments({
    disk,
    folder,
    segmentBytes,
    next: recovered.nextNumber,
    spares: usable.map(open),
    timers: options.timers,
  })
  const storage = new Journal({
    origin,
    segmentBytes,
    segments,
    position,
    onFrame: (place) => archive.frame(place),
  })
  const note = recovered.unsigned ? await complete(storage, recovered, options) : recovered.note
  archive.signed(note)
  return { storage, edge: recovered.edge, cuts: recovered.cuts, archive }
}

function positionOf(
  end: NonNullable<Recovered['end']>,
  open: (segment: { number: number; size: number }) => Segment,
): Position {
  return { segment: open({ number: end.number, size: end.size }), offset: end.offset }
}

/** Ed25519 is deterministic: this is the very checkpoint that would have been signed before the crash. */
async function complete(
  storage: Storage,
  { edge }: Recovered,
  { complete: noteOf, origin, signer }: OpenJournalOptions,
): Promise<string> {
  const note =
    (await noteOf?.(edge.size, rootOf(edge))) ??
    checkpointWriter(origin, signer)(edge.size, rootOf(edge))
  const buffer = Buffer.alloc(HEADROOM + LONGEST_NOTE)
  const end = HEADROOM + buffer.write(note, HEADROOM)
  if (!(await storage.reserve(1, LONGEST_NOTE, true))) throw new Error('the disk is full')
  await storage.append({
    type: 'checkpoint',
    first: edge.size,
    count: 0,
    buffer,
    start: HEADROOM,
    end,
  })
  return note
}
