/** A chain's journal, with the time of each write and sync told. */
import type { Frame, Storage } from '../gateway/ledger/storage.ts'
import type { ChainName, Telemetry } from '../gateway/ports/telemetry.ts'

export function observeStorage(
  storage: Storage,
  chain: ChainName,
  telemetry: Telemetry | undefined,
): Storage {
  if (telemetry === undefined) return storage
  const { now, tell } = telemetry
  return {
    largestFrame: storage.largestFrame,
    get room() {
      return storage.room
    },
    reserve: (frames, bytes, finishes) => storage.reserve(frames, bytes, finishes),
    async append(frame: Frame) {
      const { count, end, start } = frame
      const began = now()
      await storage.append(frame)
      tell({ kind: 'committed', chain, entries: count, bytes: end - start, syncMs: now() - began })
    },
    close: () => storage.close(),
  }
}
