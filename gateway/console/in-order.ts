/** Chunks examined several at a time, and handed on in their order. */
import type { Chunk, Part } from '../ledger/chunk.ts'
import type { Examined } from '../ledger/examine.ts'

export interface ExaminedChunk {
  /** Its bytes may be another thread's now. */
  readonly parts: readonly Part[]
  readonly bytes: number
  readonly examined: Examined
}

export async function* inOrder(
  chunks: AsyncIterable<Chunk> | Iterable<Chunk>,
  examine: (chunk: Chunk) => Examined | Promise<Examined>,
  width: number,
): AsyncGenerator<ExaminedChunk, void, undefined> {
  const waiting: Promise<ExaminedChunk>[] = []
  try {
    for await (const chunk of chunks) {
      const next = examined(chunk, examine)
      // Its turn may come long after it failed.
      next.catch(() => undefined)
      waiting.push(next)
      const first = waiting.length < width ? undefined : waiting.shift()
      if (first !== undefined) yield await first
    }
    for (let first = waiting.shift(); first !== undefined; first = waiting.shift())
      yield await first
  } finally {
    // Whoever stops early must not leave a rejection behind.
    await Promise.allSettled(waiting)
  }
}

async function examined(
  chunk: Chunk,
  examine: (chunk: Chunk) => Examined | Promise<Examined>,
): Promise<ExaminedChunk> {
  const { parts } = chunk
  const bytes = chunk.bytes.length
  return { parts, bytes, examined: await examine(chunk) }
}
