/** Published checkpoints as an auditor finds them on a log server: heads that the chains beside them must have had. */
import { parseCheckpoint } from '../ledger/note.ts'
import type { PinnedKeys } from '../ledger/pinned-keys.ts'
import { messagesOf, type ReadableLog } from './open-lane.ts'

/** Of one chain: there is a checkpoint for each second, and an auditor's memory is bounded. */
const MOST_OF_A_CHAIN = 4096
/** Bytes; with as many cosignatures as anybody asks for. Whoever may write there can write 32 MB at a time. */
const LONGEST = 16 * 1024

/**
 * Their notes; undefined for a message that is none. Of a chain with more than so many every second one is left out, again and again: the
 * newest of them is always there. What is about a chain for which no key is pinned proves nothing, and is not kept. Read before the
 * chains are, they are behind what the chains hold by then.
 */
export async function publishedOn(
  log: ReadableLog,
  keys: PinnedKeys,
  most = MOST_OF_A_CHAIN,
): Promise<readonly (string | undefined)[]> {
  const chains = new Map<string, Thinned>()
  let unreadable = 0
  const reader = await log.openReader({ topic: 'checkpoints', partition: 0 })
  try {
    for await (const { value } of messagesOf(reader, 0, Infinity)) {
      const note = value === undefined || value.length > LONGEST ? '' : value.toString()
      const origin = originIn(note)
      if (origin === undefined) {
        unreadable += 1
        continue
      }
      if (keys.forChain(origin) === undefined) continue
      const chain = chains.get(origin) ?? new Thinned(most)
      chains.set(origin, chain)
      chain.add(note)
    }
  } finally {
    await reader.close()
  }
  const notes = [...chains.values()].flatMap((chain) => chain.notes())
  return unreadable === 0 ? notes : [...notes, undefined]
}

/** Of the chain that a note is about; undefined where it is no checkpoint. No signature is looked at. */
export function originIn(note: string): string | undefined {
  return parseCheckpoint(note.slice(0, note.indexOf('\n\n') + 1))?.origin
}

class Thinned {
  readonly #most: number
  #kept: string[] = []
  #newest: string | undefined
  #every = 1
  #count = 0

  constructor(most: number) {
    this.#most = most
  }

  add(note: string): void {
    this.#newest = note
    if (this.#count % this.#every === 0) this.#kept.push(note)
    this.#count += 1
    if (this.#kept.length < this.#most) return
    this.#kept = this.#kept.filter((_, at) => at % 2 === 0)
    this.#every *= 2
  }

  notes(): readonly string[] {
    return this.#newest === undefined ? [] : [...new Set([...this.#kept, this.#newest])]
  }
}
