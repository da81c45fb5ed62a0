/**
 * The files of a ledger as they were at one moment, also while its gateway runs. Read in the order in which one speaks of another:
 * time-stamps and published checkpoints of chains, exchange chains of the registry. What the registry says must be there, so when it
 * has grown meanwhile (once a minute or so), everything is read again.
 */
import { readdirSync, readFileSync, existsSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ledgerFolder } from '../../adapters/ledger-journal/folders.ts'
import type { Checkpoint } from '../../gateway/ledger/note.ts'
import { SEGMENT_NAME } from '../../adapters/ledger-journal/segments.ts'
import { usedPart } from '../../adapters/ledger-journal/used-part.ts'

export interface SnapshotFile {
  /** From the data folder, parts separated by `/`. */
  readonly path: string
  readonly bytes: Buffer
  /** Of the file. */
  readonly size: number
  /** Of a segment: the checkpoint at its end. */
  readonly checkpoint?: Checkpoint | undefined
}

const ATTEMPTS = 20
const PAUSE_MS = 250

/** `isKept`: a file that needs no reading. `visit` may be called again with a file that has grown. */
export async function snapshot(
  data: string,
  isKept: (path: string) => boolean,
  visit: (file: SnapshotFile) => void,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const before = registryBytes(data)
    const files = filesOf(data).filter((path) => !isKept(path))
    for (const path of files.toSorted(byTurn)) visit(read(data, path))
    if (registryBytes(data) === before) return
    if (attempt === ATTEMPTS)
      throw new Error(
        'the ledger grows too fast to be archived whole: try again in a quieter minute',
      )
    await pause(PAUSE_MS)
  }
}

function filesOf(data: string): string[] {
  return readdirSync(ledgerFolder(data), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && isLasting(entry.parentPath, entry.name))
    .map(({ name, parentPath }) => relative(data, join(parentPath, name)).replaceAll('\\', '/'))
    .sort()
}

/** Neither a lock, nor half of a file, nor what is made again from the journal. */
function isLasting(folder: string, name: string): boolean {
  return name !== 'in-use.json' && !/\.(new|sock)$/.test(name) && !/[\\/]tile([\\/]|$)/.test(folder)
}

/** Of one chain the last segment first: where it is in use, nothing is added any more to those before it. */
function byTurn(left: string, right: string): number {
  const turn = turnOf(left) - turnOf(right)
  if (turn !== 0) return turn
  return left < right ? 1 : -1
}

function turnOf(path: string): number {
  if (path.startsWith('ledger/registry/')) return 2
  return path.startsWith('ledger/exchange/') ? 1 : 0
}

function read(data: string, path: string): SnapshotFile {
  const whole = readFileSync(join(data, path))
  const size = whole.length
  if (SEGMENT_NAME.test(basename(path))) return { path, ...usedPart(whole), size }
  const bytes = path.endsWith('.lines') ? wholeLines(whole) : whole
  return { path, bytes, size: bytes.length }
}

/** A gateway may be writing the last one. */
function wholeLines(bytes: Buffer): Buffer {
  return bytes.subarray(0, bytes.lastIndexOf('\n') + 1)
}

/** How much the registry holds. */
function registryBytes(data: string): number {
  const folder = join(ledgerFolder(data), 'registry')
  if (!existsSync(folder)) return 0
  return readdirSync(folder)
    .filter((name) => SEGMENT_NAME.test(name))
    .reduce((sum, name) => sum + usedPart(readFileSync(join(folder, name))).bytes.length, 0)
}
