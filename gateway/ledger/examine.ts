/**
 * What can be said of a chunk alone, on any thread: leaves, records, commitments, signatures, and the pairs that begin and end in it.
 * What depends on what stands before (tree, time, order, pairs across chunks) is `check-chain.ts`'s.
 */
import { checkEntry, isPublic, recordText } from './check-entry.ts'
import type { CheckedEntry, Fault } from './check-entry.ts'
import { factsOf } from './check-record.ts'
import type { Facts, IntentFacts, OutcomeFacts } from './check-record.ts'
import type { Carried, Chunk, Part } from './chunk.ts'
import { DUTY_KINDS } from './duty-events.ts'
import type { LeafKind } from './entry.ts'
import type { FindingKind } from './finding.ts'
import type { TreeHash } from './hash.ts'
import { EXCHANGE_KINDS, REGISTRY_KINDS } from './leaf.ts'
import { LINK_KINDS } from './check-links.ts'
import { parseVkey } from './note.ts'
import type { NoteKey } from './note.ts'
import { examineNote } from './examine-note.ts'
import type { ExaminedCheckpoint } from './examine-note.ts'
import { hasRow } from './public-row.ts'
import { RecordTemplates } from './record-templates.ts'

/** Plain data, so that it can go to another thread. */
export interface HowToExamine {
  readonly origin: string
  /** Verifier key of the chain; absent: none is pinned, and no signature can be judged. */
  readonly vkey?: string | undefined
  readonly sort: 'registry' | 'exchange'
  /** Leaves before it were judged earlier: they are only hashed. */
  readonly from: number
  /** Leaves before it may lack their record: a leaf of the registry says so. */
  readonly pruned?: number | undefined
  /** Absent: every signature is verified. Else that of each chunk's last checkpoint, and of each `every`th, from `offset` on. */
  readonly sample?: { readonly every: number; readonly offset: number } | undefined
}

export interface Examined {
  /** Of the chunk's leaves, one after the other, 32 bytes each; up to what ends the chunk. */
  readonly hashes: Uint8Array
  /** When each leaf happened; NaN for kinds without a time, and where the record is not there. */
  readonly times: Float64Array
  /** Indices of seals. */
  readonly seals: readonly number[]
  readonly checkpoints: readonly ExaminedCheckpoint[]
  readonly found: readonly Found[]
  readonly visited: readonly Visited[]
  /** Intents and outcomes whose other half is not in this chunk, in order. */
  readonly pairs: readonly Half[]
  readonly counts: {
    readonly intents: number
    readonly outcomes: number
    readonly denials: number
    readonly withoutRecord: number
    readonly pruned: number
  }
}

export interface InPart {
  /** Position of the part in its chunk. */
  readonly part: number
  readonly index: number
}

export interface Found extends InPart {
  readonly kind: FindingKind
  readonly sentence: string
  /** Nothing behind it can be judged. */
  readonly ends: boolean
}

/** A leaf that chains say of one another. */
export interface Visited extends InPart {
  readonly kind: LeafKind
  readonly record: string
}

export interface Half extends InPart {
  readonly at: number
  readonly intent?: IntentFacts | undefined
  readonly outcome?: OutcomeFacts | undefined
}

/** Keeps what it learned of a chain's records from one chunk to the next. */
export class Examiner {
  #origin = ''
  #key: NoteKey | undefined
  #templates = new RecordTemplates()

  examine(chunk: Chunk, how: HowToExamine): Examined {
    if (how.origin !== this.#origin) {
      this.#origin = how.origin
      this.#key = how.vkey === undefined ? undefined : parseVkey(how.vkey)
      this.#templates = new RecordTemplates()
    }
    return new Examination(chunk, { ...how, key: this.#key, templates: this.#templates }).run()
  }
}

/** Leaves that others speak of. */
const VISITED: ReadonlySet<LeafKind> = new Set([...LINK_KINDS, ...DUTY_KINDS])

/** Lengths and prefix. */
const SHORTEST_ENTRY = 5

const KINDS = {
  registry: new Set<LeafKind>(REGISTRY_KINDS),
  exchange: new Set<LeafKind>(EXCHANGE_KINDS),
}

interface HowWithKey extends HowToExamine {
  readonly key: NoteKey | undefined
  readonly templates: RecordTemplates
}

class Examination {
  readonly #chunk: Chunk
  readonly #how: HowWithKey
  readonly #hashes: Buffer
  readonly #times: Float64Array
  #leaves = 0
  readonly #seals: number[] = []
  readonly #checkpoints: ExaminedCheckpoint[] = []
  readonly #found: Found[] = []
  readonly #visited: Visited[] = []
  readonly #pairs = new Map<number, Half>()
  readonly #counts = { intents: 0, outcomes: 0, denials: 0, withoutRecord: 0, pruned: 0 }
  #part = 0
  #index = 0

  constructor(chunk: Chunk, how: HowWithKey) {
    this.#chunk = chunk
    this.#how = how
    const most = chunk.parts.reduce((sum, part) => sum + mostLeaves(part), 0)
    this.#hashes = Buffer.from(new ArrayBuffer(most * 32))
    this.#times = new Float64Array(most).fill(Number.NaN)
  }

  run(): Examined {
    for (const [at, part] of this.#chunk.parts.entries()) {
      this.#part = at
      if (part.type !== 'damage' && !this.#carried(part)) break
    }
    return {
      hashes: this.#hashes,
      times: this.#times,
      seals: this.#seals,
      checkpoints: this.#checkpoints,
      found: this.#found,
      visited: this.#visited,
      pairs: [...this.#pairs.values()],
      counts: this.#counts,
    }
  }

  /** False where nothing behind can be judged. */
  #carried(part: Carried): boolean {
    let at = part.start
    for (let count = 0; count < part.count; count += 1) {
      this.#index = part.first + count
      const entry = checkEntry(this.#chunk.bytes, at, part.end)
      if ('fault' in entry) return this.#ends(entry)
      this.#hash(entry.hash)
      if (this.#index >= this.#how.from) this.#entry(entry)
      this.#leaves += 1
      at = entry.place.end
    }
    if (part.type !== 'leaves') this.#note(part, at)
    else if (at !== part.end)
      return this.#ends({ fault: 'index-wrong', sentence: 'bytes stand behind its leaves' })
    return true
  }

  #hash(hash: TreeHash): void {
    this.#hashes.write(hash, this.#leaves * 32, 32, 'latin1')
  }

  #note(part: Carried, at: number): void {
    const { key, origin, sample } = this.#how
    const isLast = this.#part === this.#chunk.parts.length - 1
    const number = this.#checkpoints.length
    const isDue =
      sample === undefined || isLast || number % sample.every === sample.offset % sample.every
    const note = this.#chunk.bytes.toString('utf8', at, part.end)
    this.#checkpoints.push(examineNote(note, { origin, key: isDue ? key : undefined }))
  }

  #ends({ fault, sentence }: Fault): false {
    this.#found.push({ part: this.#part, index: this.#index, kind: fault, sentence, ends: true })
    return false
  }

  #say(kind: FindingKind, sentence: string): void {
    this.#found.push({ part: this.#part, index: this.#index, kind, sentence, ends: false })
  }

  #entry(entry: CheckedEntry): void {
    const { kind } = entry
    if (!KINDS[this.#how.sort].has(kind))
      this.#say('kind-wrong', `${kind} has no place in this chain`)
    if (kind === 'seal') this.#seals.push(this.#index)
    if (!entry.hasRecord) {
      this.#lacksRecord()
      return
    }
    const facts = this.#facts(entry)
    if (facts === undefined) return
    if (!isPublic(entry, facts.row?.commitment)) {
      this.#say('public-mismatch', 'its public commitment is not that of its record')
    }
    if (facts.at !== undefined) this.#times[this.#leaves] = facts.at
    this.#pair(facts)
  }

  #lacksRecord(): void {
    if (this.#index < (this.#how.pruned ?? 0)) {
      this.#counts.pruned += 1
      return
    }
    this.#counts.withoutRecord += 1
    this.#say('record-missing', 'its record is not there')
  }

  #facts(entry: CheckedEntry): Facts | undefined {
    const { bytes, kind, place } = entry
    const { templates } = this.#how
    const known = hasRow(kind)
      ? templates.match(kind, bytes, place.record, place.recordEnd)
      : undefined
    if (known !== undefined) return known
    const record = recordText(entry)
    if (record === undefined) {
      this.#say('record-not-canonical', 'its record is not in canonical form (RFC 8785)')
      return undefined
    }
    const facts = factsOf(kind, record)
    if (facts === undefined) {
      this.#say('record-malformed', `its record does not have the members of ${kind}`)
      return undefined
    }
    const isAscii = record.length === place.recordEnd - place.record
    if (hasRow(kind) && isAscii) templates.learn(kind, record, facts)
    if (VISITED.has(kind) || this.#index === 0) {
      this.#visited.push({ part: this.#part, index: this.#index, kind, record })
    }
    return facts
  }

  #pair({ at = 0, intent, outcome, row }: Facts): void {
    const counts = this.#counts
    if (intent !== undefined) counts.intents += 1
    else if (outcome !== undefined) counts.outcomes += 1
    else if (row !== undefined) counts.denials += 1
    if (intent === undefined && outcome === undefined) return
    // Nearly every pair begins and ends in one chunk, and is of no further interest then.
    const begun = outcome && this.#begun(outcome)
    if (begun !== undefined) this.#pairs.delete(begun.index)
    else {
      const [part, index] = [this.#part, this.#index]
      this.#pairs.set(index, { part, index, at, intent, outcome })
    }
  }

  #begun({ chain, exchange, intent }: OutcomeFacts): Half | undefined {
    const half = chain === undefined ? this.#pairs.get(intent) : undefined
    return half?.intent?.exchange === exchange ? half : undefined
  }
}

/** What a part may hold at most, whatever it claims: the claim is attacker-controlled, and memory is taken for it. */
function mostLeaves(part: Part): number {
  if (part.type === 'damage') return 0
  return Math.min(part.count, Math.ceil((part.end - part.start) / SHORTEST_ENTRY))
}
