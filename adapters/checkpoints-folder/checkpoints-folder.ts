/**
 * `<data>/ledger/checkpoints/`: every checkpoint that was published, append-only, one JSON object `{note, origin, size}` a line. A
 * verifier reads it with `readCheckpoints`, which needs no gateway and holds nothing open.
 */
import * as path from 'node:path'
import { parseCheckpoint, parseNote } from '../../gateway/ledger/note.ts'
import type { CheckpointStore, PublishedCheckpoint } from '../../gateway/ports/checkpoint-store.ts'
import { LineLog, LinesDamaged, readLines } from './line-log.ts'

export function checkpointsFolder(dataFolder: string): string {
  return path.join(dataFolder, 'ledger', 'checkpoints')
}

/** Throws `LinesDamaged` where a file is missing, or the last line was changed. */
export async function openCheckpointsFolder(folder: string): Promise<CheckpointStore> {
  const log = await LineLog.open(folder, (line) => checkpointOf(line) !== undefined)
  return {
    get length() {
      return log.length
    },
    publish: ({ note, origin, size }) => log.append(JSON.stringify({ note, origin, size })),
    read: (from) => parsed(log.read(from), folder),
    close: () => log.close(),
  }
}

/** From a position on; also while a gateway publishes. Throws `LinesDamaged`. */
export function readCheckpoints(folder: string, from = 0): Iterable<PublishedCheckpoint> {
  return parsed(readLines(folder, from), folder)
}

function* parsed(lines: Iterable<string>, folder: string): Generator<PublishedCheckpoint> {
  for (const line of lines) {
    const checkpoint = checkpointOf(line)
    if (checkpoint === undefined) throw new LinesDamaged(`${folder}: a line is no checkpoint`)
    yield checkpoint
  }
}

/** Undefined unless the line is what `publish` writes; no signature is looked at. */
export function checkpointOf(line: string): PublishedCheckpoint | undefined {
  const note = noteIn(line)
  const checkpoint = parseCheckpoint(parseNote(note ?? '')?.text ?? '')
  if (note === undefined || checkpoint === undefined) return undefined
  const { origin, size } = checkpoint
  return line === JSON.stringify({ note, origin, size }) ? { note, origin, size } : undefined
}

function noteIn(line: string): string | undefined {
  try {
    const value = JSON.parse(line) as { readonly note?: unknown } | null
    return typeof value?.note === 'string' ? value.note : undefined
  } catch {
    return undefined
  }
}
