/**
 * The keys that a verifier trusts, from a file that it keeps: C2SP verifier keys, one a line, `#` begins a comment.
 *
 *     <instance>/registry+…        the registrar's log key; the consent chain has a line of its own
 *     <instance>/exchange/<gateway>+…   a gateway's log key: it signs that gateway's chains `<this name>/<n>`
 *     <witness>+…                  algorithm 0x04: a cosignature by it is counted
 *
 * A chain's own key name follows from its origin and the pinned public key (design §4, "Names").
 */
import { noteKey, parseVkey } from './note.ts'
import type { NoteKey } from './note.ts'
import { ED25519 } from './signer.ts'

export interface PinnedKeys {
  /** The key that must sign checkpoints of this chain. */
  forChain(origin: string): NoteKey | undefined
  readonly registry: NoteKey | undefined
  readonly witnesses: readonly NoteKey[]
}

/** Throws RangeError with the number of the line that is not a verifier key, and with the name of the file, where it has one. */
export function parsePinnedKeys(text: string, file = 'the keys'): PinnedKeys {
  const keys: NoteKey[] = []
  for (const [at, line] of text.split('\n').entries()) {
    const vkey = line.trim()
    if (vkey === '' || vkey.startsWith('#')) continue
    const key = parseVkey(vkey)
    if (key === undefined) throw new RangeError(`line ${at + 1} of ${file} is not a verifier key`)
    keys.push(key)
  }
  const logs = keys.filter(({ algorithm }) => algorithm === ED25519)
  return {
    forChain: (origin) => chainKey(logs, origin),
    registry: logs.find(({ name }) => /^[^/]+\/registry$/.test(name)),
    witnesses: keys.filter(({ algorithm }) => algorithm !== ED25519),
  }
}

function chainKey(logs: readonly NoteKey[], origin: string): NoteKey | undefined {
  const itself = logs.find(({ name }) => name === origin)
  if (itself !== undefined) return itself
  const [, gateway] = /^([^/]+\/exchange\/.+)\/[1-9][0-9]*$/.exec(origin) ?? []
  const pinned = logs.find(({ name }) => name === gateway)
  return pinned === undefined ? undefined : noteKey(origin, ED25519, pinned.publicKey)
}
