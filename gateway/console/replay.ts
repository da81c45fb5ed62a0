/**
 * Re-decides every exchange from the journal alone, with an independent engine (design §4). Four findings:
 * - agree: the same question, asked again, has the same answer, in every part;
 * - differ: it has not (the log, the gateway's engine or its code lied or erred);
 * - undecidable: what the record names is not in the registry chain; or another version of the engine had judged then, and the one at
 *   hand answers otherwise: which of the two is right only that version can say;
 * - stale: the gateway decided by documents that had been superseded for more than a second.
 */
import { canonicalJson } from '../../policies/canonical-json.ts'
import { decide } from '../../policies/decide.ts'
import type { Evaluate } from '../../policies/cedar-input.ts'
import type { Decision } from '../../policies/question.ts'
import type { RuleBook } from '../../policies/rule-book.ts'
import type { RuleSet } from '../../policies/rule-set.ts'
import type { DecisionRecord } from '../ledger/events.ts'
import { ManifestUnreadable } from '../projections/book-of-manifest.ts'
import type { Manifest, RegistryView } from '../projections/registry-view.ts'

/** A decision that was superseded for longer than this (by the two leaves' times) is stale; milliseconds. */
const STALE_AFTER_MS = 1000

export type ReplayFinding = 'agree' | 'differ' | 'undecidable' | 'stale'

export interface Replayed {
  readonly finding: ReplayFinding
  /** The members of the record that are not what was decided again; for `undecidable` first what is missing. */
  readonly members: readonly string[]
}

export interface ReplayParts {
  readonly view: RegistryView
  /** The rule book of a manifest; throws `ManifestUnreadable`. */
  readonly bookOf: (manifest: Manifest) => RuleBook
  /** The judge for a rule set: another engine than the gateway's own. */
  readonly judgeOf: (rules: RuleSet) => Evaluate
  /** The judge's name and version; absent: it is taken for the one that manifests name. */
  readonly engine?: Manifest['engine']
}

interface Court {
  /** Whether the judge is the engine that the manifest names. */
  readonly isSameEngine: boolean
  readonly book: RuleBook
  readonly judge: Evaluate
}

/** One pass over a journal; keeps each rule book and judge that it needed. */
export class Replay {
  readonly #parts: ReplayParts
  readonly #courts = new Map<number, Court | undefined>()

  constructor(parts: ReplayParts) {
    this.#parts = parts
  }

  again(record: DecisionRecord): Replayed {
    const court = this.#courtOf(record.heads.manifest)
    if (court === undefined) return { finding: 'undecidable', members: ['heads.manifest'] }
    const decision = decide(record.question, court.book, court.judge)
    const members = differences(record, decision, court.book)
    if (members.length > 0) {
      return court.isSameEngine
        ? { finding: 'differ', members }
        : { finding: 'undecidable', members: ['engine', ...members] }
    }
    if (this.#wasSuperseded(record)) return { finding: 'stale', members: [] }
    return { finding: 'agree', members: [] }
  }

  #courtOf(index: number): Court | undefined {
    if (!this.#courts.has(index)) this.#courts.set(index, this.#open(index))
    return this.#courts.get(index)
  }

  #open(index: number): Court | undefined {
    const { view, bookOf, judgeOf } = this.#parts
    const manifest = view.manifestAt(index)
    if (manifest === undefined) return undefined
    try {
      const book = bookOf(manifest)
      return { book, judge: judgeOf(book.rules), isSameEngine: this.#isSame(manifest.engine) }
    } catch (fault) {
      if (fault instanceof ManifestUnreadable) return undefined
      throw fault
    }
  }

  #isSame({ name, version }: Manifest['engine']): boolean {
    const { engine } = this.#parts
    return engine === undefined || (engine.name === name && engine.version === version)
  }

  #wasSuperseded(record: DecisionRecord): boolean {
    const next = this.#parts.view.manifests.find(({ index }) => index > record.heads.manifest)
    return next !== undefined && record.question.at > next.at + STALE_AFTER_MS
  }
}

function differences(
  record: DecisionRecord,
  decision: Decision,
  book: RuleBook,
): readonly string[] {
  const service = book.documents.services.get(record.question.service)
  const compared: readonly (readonly [string, unknown, unknown])[] = [
    ['effect', record.effect, decision.effect],
    ['verdicts', record.verdicts, decision.verdicts],
    ['refusals', record.refusals, decision.refusals],
    ['agreement', record.agreement, decision.agreement],
    ['bases', record.bases, decision.bases],
    ['purpose', record.purpose, decision.purpose],
    ['controllers', record.controllers, decision.controllers],
    ['fields', record.fields, decision.fields],
    ['obligations', record.obligations, decision.obligations],
    ['rules', record.rules, book.rules.hash],
    ['service', record.service, service?.hash],
  ]
  return compared
    .filter(
      ([, recorded, again]) => canonicalJson({ recorded }) !== canonicalJson({ recorded: again }),
    )
    .map(([name]) => name)
}
