/**
 * Which records may be taken away: whole segments from a chain's beginning, whose every record has been kept for as long as it must be,
 * is in the archive as it is here, lies under a time-stamp (and cosignatures, where witnesses are configured) and under no legal hold.
 * The first segment of a chain of which one of these is not true ends what can be pruned of it.
 */
import { createHash } from 'node:crypto'
import { relative } from 'node:path'
import type { ArchiveFolder } from '../../adapters/archive-folder/archive-folder.ts'
import { nodeDisk } from '../../adapters/ledger-journal/disk.ts'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import { segmentEntries } from '../../adapters/ledger-journal/read-segment.ts'
import { readSegment, segmentNumbers } from '../../adapters/ledger-journal/recover.ts'
import { segmentName } from '../../adapters/ledger-journal/segments.ts'
import { usedPart } from '../../adapters/ledger-journal/used-part.ts'
import { Retention } from '../../gateway/console/retention.ts'
import type { Kept } from '../../gateway/console/retention.ts'
import type { ArchiveEntry } from '../../gateway/ledger/archive-manifest.ts'

export interface PruningRules {
  readonly data: string
  /** Milliseconds: what must be kept until later stays. */
  readonly before: number
  readonly leastDays: number
  readonly archive: ArchiveFolder
  readonly contents: ReadonlyMap<string, ArchiveEntry>
  /** By chain: so many of its first leaves are pruned already, as the registry says. */
  readonly pruned: ReadonlyMap<string, number>
  /** Whether an intent still waits for its outcome. */
  readonly isOpen: (chain: string, index: number) => boolean
  readonly isHeld: (what: Pick<Kept, 'exchange' | 'subject'>) => boolean
  /** Why the first so many leaves of a chain are not proven from outside; undefined where they are. */
  readonly unproven: (chain: string, size: number) => string | undefined
}

export interface PlannedChain {
  readonly chain: string
  /** Records of so many of its first leaves go. */
  readonly size: number
  /** Segments that still hold some of them. */
  readonly segments: readonly number[]
  /** What ends it; undefined: the whole chain goes. */
  readonly stays: string | undefined
}

/** `chains` that have ended, oldest first. Throws where a segment is damaged. */
export function planPruning(chains: readonly string[], rules: PruningRules): PlannedChain[] {
  const sizes = new Map(rules.pruned)
  return chains.map((chain) => {
    const planned = new ChainPlan(chain, rules, sizes).run()
    sizes.set(chain, planned.size)
    return planned
  })
}

class ChainPlan {
  readonly #chain: string
  readonly #rules: PruningRules
  readonly #sizes: ReadonlyMap<string, number>
  readonly #retention: Retention
  readonly #folder: string

  constructor(chain: string, rules: PruningRules, sizes: ReadonlyMap<string, number>) {
    this.#chain = chain
    this.#rules = rules
    this.#sizes = sizes
    this.#retention = new Retention(rules.leastDays)
    this.#folder = chainFolder(rules.data, chain)
  }

  run(): PlannedChain {
    const done = this.#rules.pruned.get(this.#chain) ?? 0
    const segments: number[] = []
    let size = 0
    for (const number of segmentNumbers(nodeDisk, this.#folder)) {
      const { bytes } = usedPart(readSegment({ disk: nodeDisk, folder: this.#folder }, number))
      if (bytes.length === 0) continue
      const seen = this.#look(bytes)
      const stays =
        seen.end <= done ? undefined : (seen.stays ?? this.#evidence(number, bytes, seen.end))
      if (stays !== undefined) return { chain: this.#chain, size, segments, stays }
      size = seen.end
      if (seen.hasRecords) segments.push(number)
    }
    return { chain: this.#chain, size, segments, stays: undefined }
  }

  #look(bytes: Buffer): { end: number; hasRecords: boolean; stays: string | undefined } {
    let [end, hasRecords, stays] = [0, false, undefined as string | undefined]
    for (const { index, kind, record } of segmentEntries(bytes)) {
      end = index + 1
      if (record === undefined) continue
      hasRecords = true
      const kept = this.#retention.take(index, kind, JSON.parse(record))
      stays ??= this.#mustStay(index, kept)
    }
    return { end, hasRecords, stays }
  }

  #mustStay(index: number, { exchange, finishes, subject, until }: Kept): string | undefined {
    const { before, isHeld, isOpen } = this.#rules
    if (until > before)
      return `leaf ${String(index)} must be kept until ${new Date(until).toISOString().slice(0, 10)}`
    if (isOpen(this.#chain, index)) return `leaf ${String(index)} still waits for its outcome`
    if (isHeld({ exchange, subject })) return `leaf ${String(index)} is under a legal hold`
    const earlier = finishes && (this.#sizes.get(finishes.chain) ?? 0)
    return finishes !== undefined && finishes.intent >= (earlier ?? 0)
      ? `leaf ${String(index)} says what became of an intent that stays`
      : undefined
  }

  #evidence(number: number, bytes: Buffer, end: number): string | undefined {
    const { archive, contents, data } = this.#rules
    const path = relative(data, `${this.#folder}/${segmentName(number)}`).replaceAll('\\', '/')
    const entry = contents.get(path)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    if (entry?.closed !== true || entry.sha256 !== sha256)
      return `segment ${String(number)} is not in the archive as it is here: run gongdao archive`
    // Throws where the archive does not hold what its manifest says.
    archive.get(sha256)
    return this.#rules.unproven(this.#chain, end)
  }
}
