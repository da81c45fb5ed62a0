/** A checkpoint as it stands in a chain: of which size and root, and by whose key. Its place in the tree is not judged here. */
import { checkpointText } from './checkpoint.ts'
import type { TreeHash } from './hash.ts'
import { parseCheckpoint, parseNote, signersOf } from './note.ts'
import type { NoteKey } from './note.ts'

export interface ExaminedCheckpoint {
  /** Absent where it is not a checkpoint of this chain in the one form that a log writes. */
  readonly size?: number
  readonly root?: TreeHash
  readonly signature: 'good' | 'wrong' | 'not checked'
}

/** `key` absent: the signature is not looked at. */
export function examineNote(
  note: string,
  { key, origin }: { readonly key: NoteKey | undefined; readonly origin: string },
): ExaminedCheckpoint {
  const text = note.slice(0, note.indexOf('\n\n') + 1)
  const checkpoint = parseCheckpoint(text)
  if (checkpoint?.origin !== origin) return { signature: 'wrong' }
  const { root, size } = checkpoint
  // No extension lines: nobody would have looked at what they say.
  if (text !== checkpointText(origin, size, root)) return { signature: 'wrong' }
  if (key === undefined) return { size, root, signature: 'not checked' }
  const signed = parseNote(note)
  const isGood = signed?.text === text && signersOf(signed, [key])?.[0] === key
  return { size, root, signature: isGood ? 'good' : 'wrong' }
}
