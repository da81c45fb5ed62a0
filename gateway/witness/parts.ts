/** What a witness works with, and what its desks share. */
import { digestOf } from '../ledger/hash.ts'
import { parseCheckpoint, parseNote, signersOf } from '../ledger/note.ts'
import type { Checkpoint, NoteKey, SignedNote } from '../ledger/note.ts'
import type { PinnedKeys } from '../ledger/pinned-keys.ts'
import type { Clock } from '../ports/clock.ts'
import type { WitnessMemory } from '../ports/witness-memory.ts'
import { contradictionText } from './contradiction.ts'
import type { Contradiction, ContradictionKind } from './contradiction.ts'
import type { Cosigner } from './cosignature.ts'

export interface WitnessParts {
  readonly cosigner: Cosigner
  /** Of the registry and of the gateways whose chains are cosigned. */
  readonly keys: PinnedKeys
  readonly memory: WitnessMemory
  readonly clock: Clock
  /** Of all desks, by chain: what was compared must still be so when something is remembered. */
  readonly turns: OneAtATime
  /** A sentence for whoever runs the witness: something was signed that contradicts something else. */
  readonly alarm: (sentence: string) => void
}

/**
 * The key that must sign a chain's checkpoints. Undefined: not a chain that is cosigned here; an exchange chain is one only
 * once its genesis was shown (design D7), so that a chain in secret never gets a cosignature.
 */
export function keyOfChain({ keys, memory }: WitnessParts, chain: string): NoteKey | undefined {
  const isOpen =
    chain === keys.registry?.name || memory.geneses.some((genesis) => genesis.chain === chain)
  return isOpen ? keys.forChain(chain) : undefined
}

/** What a note says that was verified before. */
export function checkpointIn(note: string): Checkpoint {
  const checkpoint = parseCheckpoint(parseNote(note)?.text ?? '')
  if (checkpoint === undefined) throw new Error('the memory holds a note that is none')
  return checkpoint
}

/**
 * The note with the signature of its chain's key and no other line: whatever else stood there is the stranger's who brought it, and is
 * kept nowhere. Undefined where that signature is not there, or fails; a note on which a known key's signature fails is none (C2SP
 * signed-note).
 */
export function bareNote(note: SignedNote, key: NoteKey): string | undefined {
  if (signersOf(note, [key])?.includes(key) !== true) return undefined
  const signature = note.signatures.find(({ id, name }) => name === key.name && id === key.id)
  if (signature === undefined) return undefined
  const blob = Buffer.concat([Buffer.from(signature.id, 'latin1'), signature.signature])
  return `${note.text}\n\u2014 ${signature.name} ${blob.toString('base64')}\n`
}

/** With what the names of a chain's contradictions of one kind begin. */
export function namesOf(kind: ContradictionKind, chain: string): string {
  return `${kind}-${digestOf(chain).slice(0, 8)}-`
}

export async function keepContradiction(
  { alarm, clock, cosigner, memory }: WitnessParts,
  contradiction: Contradiction,
): Promise<void> {
  const { at, between, chain, kind } = contradiction
  const what = digestOf(between.toSorted().join(' '))
  const name = `${namesOf(kind, chain)}${at}-${what.slice(0, 8)}`
  if (memory.contradictions().includes(name)) return
  const text = contradictionText(contradiction, { at: clock.now(), by: cosigner.name })
  await memory.keepContradiction(name, text)
  alarm(`${text.split('\n')[6] ?? ''} Both notes are kept as ${name}.`)
}

/** Runs what is asked for one name one after the other: check and remember are one step. */
export class OneAtATime {
  readonly #last = new Map<string, Promise<unknown>>()

  run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const done = (this.#last.get(name) ?? Promise.resolve()).then(work)
    const settled = done.catch(() => undefined)
    this.#last.set(name, settled)
    void settled.then(() => {
      if (this.#last.get(name) === settled) this.#last.delete(name)
    })
    return done
  }
}
