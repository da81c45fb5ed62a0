/**
 * One chain checked from its bytes: leaves, records, commitments, tree, checkpoints, time, kinds and pairs. Fed with frames
 * in order; where it says that something is broken, what follows can't be judged.
 */
import { checkEntry, recordText } from './check-entry.ts'
import type { CheckedEntry } from './check-entry.ts'
import { factsOf } from './check-record.ts'
import type { Facts } from './check-record.ts'
import { checkpointText } from './checkpoint.ts'
import type { LeafKind } from './entry.ts'
import type { Counts, Finding, FindingKind } from './finding.ts'
import type { TreeHash } from './hash.ts'
import { parseNote, signersOf } from './note.ts'
import type { NoteKey } from './note.ts'
import type { Pairing } from './pairing.ts'
import { commitmentToRow, hasRow } from './public-row.ts'
import { RecordTemplates } from './record-templates.ts'
import type { FrameType } from './storage.ts'
import { EMPTY_EDGE, Growth, rootOf } from './tree.ts'
import type { Edge } from './tree.ts'

export interface ChainCheckOptions {
  readonly origin: string
  /** Undefined: no key is pinned for this chain, which is a finding. */
  readonly key: NoteKey | undefined
  readonly kinds: ReadonlySet<LeafKind>
  readonly twoPhase: boolean
  readonly pairing: Pairing
  readonly counts: Counts
  readonly report: (finding: Finding) => void
  /** Each leaf but decisions and outcomes, for checks between chains. */
  readonly visit: (kind: LeafKind, record: string, index: number) => void
  readonly onRoot: (size: number, root: TreeHash) => void
}

export interface FrameBytes {
  readonly type: FrameType
  readonly bytes: Buffer
  readonly first: number
  readonly count: number
  readonly payload: number
  readonly end: number
  readonly segment: number
  readonly offset: number
}

/** Records are made shortly before they are queued, so neighbours may stand in the other order, by no more than this. */
const DISORDER_MS = 10_000

type Say = (kind: FindingKind, sentence: string) => void

export class ChainCheck {
  readonly #options: ChainCheckOptions
  #edge: Edge = EMPTY_EDGE
  #unsigned = false
  #sealed = false
  #latest = 0
  #index = 0
  readonly #templates = new RecordTemplates()

  constructor(options: ChainCheckOptions) {
    this.#options = options
    if (options.key === undefined) {
      const sentence = 'no pinned key is for this chain: its checkpoints prove nothing'
      options.report({ chain: options.origin, kind: 'key-unknown', sentence })
    }
  }

  get edge(): Edge {
    return this.#edge
  }

  get sealed(): boolean {
    return this.#sealed
  }

  get unsigned(): boolean {
    return this.#unsigned
  }

  /** False where nothing that follows in this chain can be judged. */
  frame(frame: FrameBytes): boolean {
    const misplaced = this.#misplaced(frame)
    if (misplaced !== undefined) return this.#broken(frame, frame.first, misplaced)
    if (frame.type === 'checkpoint') {
      this.#unsigned = false
      return this.#checkpoint(frame, frame.payload)
    }
    const hashes: TreeHash[] = []
    let at = frame.payload
    for (let count = 0; count < frame.count; count += 1) {
      const index = frame.first + count
      const entry = checkEntry(frame.bytes, at, frame.end)
      if ('fault' in entry) {
        this.#report(frame, { kind: entry.fault, index, sentence: entry.sentence })
        return false
      }
      this.#entry(frame, entry, index)
      hashes.push(entry.hash)
      at = entry.place.end
    }
    return this.#grow(frame, hashes, at)
  }

  #misplaced(frame: FrameBytes): string | undefined {
    if (frame.type === 'checkpoint') {
      return this.#unsigned && frame.count === 0 && frame.first === this.#edge.size
        ? undefined
        : 'a checkpoint stands where none is due'
    }
    if (this.#unsigned) return 'the checkpoint over the leaves before it is gone'
    if ((frame.type === 'leaves') !== this.#options.twoPhase)
      return 'it is not of this kind of chain'
    if (frame.count === 0) return 'it holds no leaf'
    return frame.first === this.#edge.size
      ? undefined
      : `it begins with leaf ${frame.first} where leaf ${this.#edge.size} is due`
  }

  #grow(frame: FrameBytes, hashes: readonly TreeHash[], at: number): boolean {
    this.#edge = new Growth(this.#edge, hashes).edge
    this.#options.counts.leaves += hashes.length
    this.#unsigned = frame.type === 'leaves'
    if (!this.#unsigned) return this.#checkpoint(frame, at)
    return at === frame.end || this.#broken(frame, frame.first, 'bytes stand behind its leaves')
  }

  #checkpoint(frame: FrameBytes, at: number): boolean {
    const { counts, key, onRoot, origin } = this.#options
    counts.checkpoints += 1
    const root = rootOf(this.#edge)
    const note = frame.bytes.toString('utf8', at, frame.end)
    const where = { index: this.#edge.size - 1, kind: 'checkpoint-wrong' as const }
    if (!note.startsWith(`${checkpointText(origin, this.#edge.size, root)}\n`)) {
      const sentence = 'the checkpoint after it has another size or root than its leaves'
      this.#report(frame, { ...where, sentence })
      return false
    }
    const parsed = parseNote(note)
    const isSigned =
      parsed !== undefined && key !== undefined && signersOf(parsed, [key])?.[0] === key
    if (key !== undefined && !isSigned) {
      const sentence = 'the checkpoint after it is not signed by the key of this chain'
      this.#report(frame, { ...where, kind: 'signature-wrong', sentence })
    }
    onRoot(this.#edge.size, root)
    return true
  }

  #entry(frame: FrameBytes, entry: CheckedEntry, index: number): void {
    this.#index = index
    const say: Say = (kind, sentence) => {
      this.#report(frame, { kind, index, sentence })
    }
    if (!this.#options.kinds.has(entry.kind))
      say('kind-wrong', `${entry.kind} has no place in this chain`)
    if (this.#sealed) say('kind-wrong', 'it stands behind the seal of its chain')
    if (entry.kind === 'seal') this.#sealed = true
    const facts = this.#facts(entry, say)
    if (facts === undefined) return
    if (commitmentOf(facts) !== entry.public) {
      say('public-mismatch', 'its public commitment is not that of its record')
    }
    this.#time(facts, say)
    this.#pair(facts, index, say)
  }

  #facts(entry: CheckedEntry, say: Say): Facts | undefined {
    const { bytes, kind, place } = entry
    const known = hasRow(kind)
      ? this.#templates.match(kind, bytes, place.record, place.recordEnd)
      : undefined
    if (known !== undefined) return known
    const record = recordText(entry)
    if (record === undefined) {
      say('record-not-canonical', 'its record is not in canonical form (RFC 8785)')
      return undefined
    }
    const facts = factsOf(kind, record)
    if (facts === undefined) {
      say('record-malformed', `its record does not have the members of ${kind}`)
      return undefined
    }
    const isAscii = record.length === place.recordEnd - place.record
    if (hasRow(kind) && isAscii) this.#templates.learn(kind, record, facts)
    if (!hasRow(kind) || this.#index === 0) this.#options.visit(kind, record, this.#index)
    return facts
  }

  #time({ at }: Facts, say: Say): void {
    if (at === undefined) return
    if (at + DISORDER_MS < this.#latest) say('time-backwards', 'it is older than a leaf before it')
    this.#latest = Math.max(this.#latest, at)
  }

  #pair(facts: Facts, index: number, say: Say): void {
    const { counts, origin, pairing } = this.#options
    if (facts.intent !== undefined) {
      counts.intents += 1
      pairing.intent(origin, index, facts.intent)
    } else if (facts.outcome !== undefined) {
      counts.outcomes += 1
      const wrong = pairing.outcome(origin, facts.at ?? 0, facts.outcome)
      if (wrong !== undefined) say('outcome-wrong', wrong)
    } else if (facts.row !== undefined) counts.denials += 1
  }

  #broken(frame: FrameBytes, first: number, sentence: string): false {
    const index = Math.min(first, this.#edge.size)
    this.#report(frame, { kind: 'index-wrong', index, sentence })
    return false
  }

  #report(
    { offset, segment }: FrameBytes,
    {
      index,
      kind,
      sentence,
    }: { readonly index: number; readonly kind: FindingKind; readonly sentence: string },
  ): void {
    const chain = this.#options.origin
    this.#options.report({ chain, kind, first: index, last: index, segment, offset, sentence })
  }
}

function commitmentOf({ row }: Facts): string | undefined {
  return row === undefined ? undefined : commitmentToRow(row.salt, row.text)
}
