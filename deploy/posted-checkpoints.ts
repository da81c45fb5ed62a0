/** Published checkpoints as messages: key = origin of the chain, value = the signed note with its cosignatures. */
import type { CheckpointStore } from '../gateway/ports/checkpoint-store.ts'
import type { LogMessage } from '../gateway/ports/log-transport.ts'
import type { Post } from '../gateway/replication/followed-post.ts'

export function postedCheckpoints(store: Pick<CheckpointStore, 'length' | 'read'>): Post {
  return {
    get length() {
      return store.length
    },
    read(from, most) {
      const messages: LogMessage[] = []
      if (from >= store.length) return messages
      for (const { note, origin } of store.read(from)) {
        messages.push({ key: origin, value: Buffer.from(note) })
        if (messages.length === most) break
      }
      return messages
    },
  }
}
