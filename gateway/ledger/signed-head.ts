/** A checkpoint that somebody hands in, taken for what its chain's own key signed. All of it is attacker-controlled. */
import { parseCheckpoint, parseNote, signersOf } from './note.ts'
import type { Checkpoint } from './note.ts'
import type { PinnedKeys } from './pinned-keys.ts'

/** The head that a note shows, or why it shows none. */
export function signedHead(text: string, keys: Pick<PinnedKeys, 'forChain'>): Checkpoint | string {
  const note = parseNote(text)
  const checkpoint = note && parseCheckpoint(note.text)
  if (note === undefined || checkpoint === undefined) return 'it is not a signed checkpoint'
  const key = keys.forChain(checkpoint.origin)
  if (key === undefined) return 'no pinned key is for the chain that it names'
  if (signersOf(note, [key])?.[0] !== key) return 'it is not signed by the pinned key of its chain'
  return checkpoint
}
