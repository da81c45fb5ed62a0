/**
 * Where a log brings its checkpoints. Compared, cosigned, remembered, answered, in this order and one at a time for each chain.
 *
 * INVARIANT: no cosignature leaves before its note is remembered durably: what was answered can't be forgotten, whatever stops
 * the process.
 */
import { hash } from 'node:crypto'
import { digestOfTreeHash } from '../ledger/hash.ts'
import type { Checkpoint } from '../ledger/note.ts'
import { addCheckpointText, judge, logSignature, parseAddCheckpoint } from './add-checkpoint.ts'
import type { AddCheckpoint } from './add-checkpoint.ts'
import { cosignatureLine } from './cosignature.ts'
import { OneAtATime, checkpointIn, keepContradiction, keyOfChain } from './parts.ts'
import type { WitnessParts } from './parts.ts'

export type AddCheckpointAnswer =
  | { readonly kind: 'cosigned'; readonly lines: string }
  | { readonly kind: 'conflict'; readonly size: number }
  | {
      readonly kind: 'malformed' | 'unknown-origin' | 'unsigned' | 'old-above-new' | 'inconsistent'
    }

/** Whoever has a signed note can send it with a bad proof: suspicions are kept, but not without bound. */
const MOST_UNPROVEN = 64

interface Shown extends AddCheckpoint {
  /** Text and the log's own signature: nothing else that was sent is kept. */
  readonly signed: string
}

export class CheckpointDesk {
  readonly #parts: WitnessParts
  readonly #turns = new OneAtATime()

  constructor(parts: WitnessParts) {
    this.#parts = parts
  }

  async add(body: string): Promise<AddCheckpointAnswer> {
    const asked = parseAddCheckpoint(body)
    if (asked === undefined) return { kind: 'malformed' }
    const { origin } = asked.checkpoint
    const key = keyOfChain(this.#parts, origin)
    if (key === undefined) return { kind: 'unknown-origin' }
    const line = logSignature(asked.note, key)
    if (line === undefined) return { kind: 'unsigned' }
    const signed = `${asked.note.text}\n${line}`
    return this.#turns.run(origin, () => this.#inTurn({ ...asked, signed }))
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
    const lines = cosignatureLine(cosigner, shown.note.text, seconds)
    await memory.remember(origin, shown.signed + lines)
    return { kind: 'cosigned', lines }
  }

  /** What could not be cosigned may contradict what was: then both are kept. */
  async #compare(shown: Shown, newest: string, remembered: Checkpoint | undefined): Promise<void> {
    const { origin: chain, root, size } = shown.checkpoint
    const same = await this.#parts.memory.ofSize(chain, size)
    const pair = { chain, at: size, second: shown.signed }
    if (same !== undefined && checkpointIn(same).root !== root) {
      await keepContradiction(this.#parts, { ...pair, kind: 'fork', first: same })
    } else if (same === undefined && shown.old === remembered?.size && this.#hasRoom()) {
      const second = addCheckpointText(shown.old, shown.proof, shown.signed)
      await keepContradiction(this.#parts, { ...pair, kind: 'unproven', first: newest, second })
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
    await keepContradiction(this.#parts, { ...pair, kind: 'cut-short' })
    return true
  }

  #hasRoom(): boolean {
    const names = this.#parts.memory.contradictions()
    return names.filter((name) => name.startsWith('unproven')).length < MOST_UNPROVEN
  }
}
