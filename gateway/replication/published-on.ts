/** Published checkpoints as an auditor finds them on a log server: heads that the chains beside them must have had. */
import { HeadList, PUBLISHED } from '../ledger/head-list.ts'
import { parseCheckpoint } from '../ledger/note.ts'
import type { Checkpoint, NoteKey } from '../ledger/note.ts'
import type { PinnedKeys } from '../ledger/pinned-keys.ts'
import { signedHead } from '../ledger/signed-head.ts'
import { messagesOf, type ReadableLog } from './open-lane.ts'

/** Bytes; with as many cosignatures as anybody asks for. Whoever may write there can write 32 MB at a time. */
const LONGEST = 16 * 1024

export interface PublishedOn {
  /** By origin. */
  readonly lists: ReadonlyMap<string, HeadList>
  /** Whether each message was a checkpoint. */
  readonly isWhole: boolean
}

/**
 * What the pinned keys signed of it. Each signature is verified at once: what anybody else writes there takes no memory. Read before the
 * chains are, so that they hold by then what is published here.
 */
export async function publishedOn(
  log: ReadableLog,
  keys: PinnedKeys,
  onProgress?: (read: number) => void,
): Promise<PublishedOn> {
  const heads = new SignedHeads(keys)
  let isWhole = true
  const reader = await log.openReader({ topic: 'checkpoints', partition: 0 })
  try {
    for await (const { offset, value } of messagesOf(reader, 0, Infinity)) {
      const note = value === undefined || value.length > LONGEST ? '' : value.toString()
      if (!heads.take(note)) isWhole = false
      onProgress?.(offset + 1)
    }
  } finally {
    await reader.close()
  }
  return { lists: heads.lists, isWhole }
}

/** Of the chain that a note is about; undefined where it is no checkpoint. No signature is looked at. */
export function originIn(note: string): string | undefined {
  return unsigned(note)?.origin
}

function unsigned(note: string): Checkpoint | undefined {
  return parseCheckpoint(note.slice(0, note.indexOf('\n\n') + 1))
}

class SignedHeads {
  readonly lists = new Map<string, HeadList>()
  readonly #keys: PinnedKeys
  /** Of the chains that signed something: making one costs as much as a signature. */
  readonly #keyOf = new Map<string, NoteKey>()

  constructor(keys: PinnedKeys) {
    this.#keys = keys
  }

  /** False: it is no checkpoint, whoever signed it. */
  take(note: string): boolean {
    const shown = unsigned(note)
    if (shown === undefined) return false
    const { origin, root, size } = shown
    if (this.lists.get(origin)?.isNewest(size, root) === true) return true
    const key = this.#keyOf.get(origin) ?? this.#keys.forChain(origin)
    if (key === undefined || typeof signedHead(note, { forChain: () => key }) === 'string')
      return true
    this.#keyOf.set(origin, key)
    const list = this.lists.get(origin) ?? new HeadList({ origin, by: PUBLISHED })
    this.lists.set(origin, list)
    list.add(size, root)
    return true
  }
}
