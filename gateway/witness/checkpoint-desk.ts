/**
 * Where a log brings its checkpoints. Compared, cosigned, remembered, answered, in this order and one at a time for each chain.
 *
 * INVARIANT: no cosignature leaves before its note is remembered durably: what was answered can't be forgotten, whatever stops
 * the process.
 */
import { hash } from 'node:crypto'
import { digestOfTreeHash } from '../ledger/hash.ts'
import { parseNote } from '../ledger/note.ts'
import type { Checkpoint } from '../ledger/note.ts'
import { addCheckpointText, judge, parseAddCheckpoint } from './add-checkpoint.ts'
import type { AddCheckpoint } from './add-checkpoint.ts'
import { cosignatureLine } from './cosignature.ts'
import { bareNote, checkpointIn, keepContradiction, keyOfChain, namesOf } from './parts.ts'
import type { WitnessParts } from './parts.ts'

export type AddCheckpointAnswer =
  | { readonly kind: 'cosigned'; readonly lines: string }
  | { readonly kind: 'conflict'; readonly size: number }
  | {
      readonly kind: 'malformed' | 'unknown-origin' | 'unsigned' | 'old-above-new' | 'inconsistent'
    }

/** Whoever has a signed note can send it with a bad proof: suspicions are kept, but of one chain not without bound. */
const MOST_UNPROVEN = 64
/** Whoever has the newest note can bring it again and again: for so long the same answer serves, and nothing is written. Seconds. */
const SERVES_AGAIN = 60

interface Shown extends AddCheckpoint {
  /** Text and the log's own signature: nothing else that was sent is kept. */
  readonly signed: string
}

export class CheckpointDesk {
  readonly #parts: WitnessParts

  constructor(parts: WitnessParts) {
    this.#parts = parts
  }

  async add(body: string): Promise<AddCheckpointAnswer> {
    const asked = parseAddCheckpoint(body)
    if (asked === undefined) return { kind: 'malformed' }
    const { origin } = asked.checkpoint
    const key = keyOfChain(this.#parts, origin)
    if (key === undefined) return { kind: 'unknown-origin' }
    const signed = bareNote(asked.note, key)
    if (signed === undefined) return { kind: 'unsigned' }
    return this.#parts.turns.run(origin, () => this.#inTurn({ ...asked, signed }))
  }

  /** The newest cosigned note of the chain whose name has this SHA-256, lowercase hexadecimal. */
  async newest(originHash: string): Promise<string | undefined> {
    const { memory } = this.#parts
    const chain = memory.chains().find((each) => hash('sha256', each) === originHash)
    return chain === undefined ? undefined : memory.newest(chain)
  }

  async #inTurn(shown: Shown): Promise<AddCheckpointAnswer> {
    const { clock, cosigner, memory } = this.#parts
    const { origin } = shown.checkpoint
    const newest = await memory.newest(origin)
    const remembered = newest === undefined ? undefined : checkpointIn(newest)
    const judgement = judge(shown, remembered)
    if (judgement.kind === 'consistent' && (await this.#isClosed(shown))) {
      return { kind: 'inconsistent' }
    }
    if (judgement.kind !== 'consistent') {
      if (newest !== undefined) await this.#compare(shown, newest, remembered)
      return judgement
    }
    const seconds = Math.max(1, Math.floor(clock.now() / 1000))
    const again = this.#madeBefore(newest, shown.signed, seconds)
    if (again !== undefined) return { kind: 'cosigned', lines: again }
    const lines = cosignatureLine(cosigner, shown.note.text, seconds)
    await memory.remember(origin, shown.signed + lines)
    return { kind: 'cosigned', lines }
  }

  /** The line that this very note was answered with a moment ago. */
  #madeBefore(newest: string | undefined, signed: string, seconds: number): string | undefined {
    if (newest?.startsWith(signed) !== true) return undefined
    const { name } = this.#parts.cosigner
    const ours = parseNote(newest)?.signatures.find((each) => each.name === name)?.signature
    const madeAt = ours === undefined ? 0 : Number(ours.readBigUInt64BE(0))
    return Math.abs(seconds - madeAt) < SERVES_AGAIN ? newest.slice(signed.length) : undefined
  }

  /** What could not be cosigned may contradict what was: then both are kept. */
  async #compare(shown: Shown, newest: string, remembered: Checkpoint | undefined): Promise<void> {
    const { origin: chain, root, size } = shown.checkpoint
    const same = await this.#parts.memory.ofSize(chain, size)
    const pair = { chain, at: size, second: shown.signed }
    if (same !== undefined && checkpointIn(same).root !== root) {
      const between = [checkpointIn(same).root, root] as const
      await keepContradiction(this.#parts, { ...pair, kind: 'fork', first: same, between })
    } else if (same === undefined && shown.old === remembered?.size && this.#hasRoom(chain)) {
      const second = addCheckpointText(shown.old, shown.proof, shown.signed)
      const between = [remembered.root, root] as const
      const suspicion = { ...pair, kind: 'unproven', first: newest, second, between } as const
      await keepContradiction(this.#parts, suspicion)
    }
  }

  /** Whether the registry closed the chain, and this is not how it ended, nor a part of it. */
  async #isClosed({ checkpoint, signed }: Shown): Promise<boolean> {
    const { origin: chain, root, size } = checkpoint
    const { geneses } = this.#parts.memory
    const successor = geneses.find(({ predecessor }) => predecessor?.chain === chain)
    const end = successor?.predecessor
    if (successor === undefined || end === undefined || size < end.size) return false
    if (size === end.size && digestOfTreeHash(root) === end.root) return false
    const pair = { chain, at: size, first: successor.proof, second: signed }
    const between = [end.root, root] as const
    await keepContradiction(this.#parts, { ...pair, kind: 'cut-short', between })
    return true
  }

  #hasRoom(chain: string): boolean {
    const prefix = namesOf('unproven', chain)
    const names = this.#parts.memory.contradictions()
    return names.filter((name) => name.startsWith(prefix)).length < MOST_UNPROVEN
  }
}
