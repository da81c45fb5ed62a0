/**
 * An export, for any C2SP client (c2sp.org/tlog-tiles) and for `gongdao verify --tiles`:
 *
 *     checkpoints                      the newest note of every chain: what the export holds, replaced as one
 *     <chain>/checkpoint               the same note, for C2SP clients
 *     <chain>/tile/<L>/<N>[.p/<W>]     hashes
 *     <chain>/tile/entries/<N>[.p/<W>] leaves
 *     <chain>/records/<N>[.p/<W>]      records of those leaves, `uint16 length || record`; 0 where one is not there
 *     <chain>/checkpoints/<N>[.p/<W>]  every note over a size in (256 N, 256 (N + 1)], `uint16 length || note`
 *
 * `<chain>` is `registry`, `exchange/<gateway, percent-encoded once more>/<n>`.
 */
import * as path from 'node:path'
import { chainPath } from '../../gateway/ledger/chain-path.ts'
import { parseCheckpoint } from '../../gateway/ledger/note.ts'
import type { Checkpoint } from '../../gateway/ledger/note.ts'
import { TILE, entriesOfBundle, numberPath, tilePath } from '../../gateway/ledger/tile-tree.ts'
import type { Files } from './files.ts'

export const HEADS = 'checkpoints'

export interface ExportedHead extends Checkpoint {
  readonly note: string
}

export type Bundle = 'entries' | 'records' | 'checkpoints'

export function chainIn(folder: string, origin: string): string {
  return path.join(folder, ...chainPath(origin))
}

export function bundlePath(bundle: Bundle, number: number, width: number): string {
  const partial = width === TILE ? undefined : width
  return bundle === 'entries'
    ? tilePath('entries', number, partial)
    : `${bundle}/${numberPath(number, partial)}`
}

/** By origin; what can't be read is left out. */
export function readHeads(files: Files, folder: string): Map<string, ExportedHead> {
  const heads = new Map<string, ExportedHead>()
  for (const entry of headsBundle(files, folder).entries) {
    const note = entry.toString('utf8')
    const checkpoint = checkpointOf(note)
    if (checkpoint !== undefined) heads.set(checkpoint.origin, { ...checkpoint, note })
  }
  return heads
}

/** Whether every byte of the heads belongs to one: a chain that is not over could be missing unseen. */
export function areHeadsWhole(files: Files, folder: string): boolean {
  const { entries, isWhole } = headsBundle(files, folder)
  return isWhole && readHeads(files, folder).size === entries.length
}

function headsBundle(files: Files, folder: string): ReturnType<typeof entriesOfBundle> {
  return entriesOfBundle(files.read(path.join(folder, HEADS)) ?? Buffer.alloc(0))
}

/** Its signature is not looked at. */
export function checkpointOf(note: string): Checkpoint | undefined {
  return parseCheckpoint(note.slice(0, note.indexOf('\n\n') + 1))
}
