/**
 * The registry chain, folded: which texts it holds, and what the newest manifest puts in force. The gateway reads it at
 * start, replay reads it up to the leaf that a decision names; both by this code.
 */
import type { Digest, Instant } from '../../policies/vocabulary.ts'
import type { LeafKind } from '../ledger/entry.ts'
import type {
  ClosureRecord,
  CutRecord,
  GenesisRecord,
  ManifestRecord,
  PieceRecord,
} from '../ledger/registry-events.ts'
import { DutyView } from './duty-view.ts'
import { PieceJoiner } from './piece-joiner.ts'
import { UpkeepView } from './upkeep-view.ts'

export interface Manifest {
  /** Index of its last leaf. */
  readonly index: number
  readonly at: Instant
  readonly number: number
  readonly documents: readonly { readonly hash: Digest; readonly id: string }[]
  readonly rules: Digest
  readonly engine: { readonly name: string; readonly version: string }
}

export class RegistryView {
  readonly texts = new Map<Digest, string>()
  /** By the index of their last leaf, in order. */
  readonly manifests: Manifest[] = []
  readonly geneses: { readonly index: number; readonly record: GenesisRecord }[] = []
  /** By the chain that ended. */
  readonly closures = new Map<string, ClosureRecord>()
  /** Revocation lists that are on record as a whole, the digest of the text by number. */
  readonly revocations = new Map<number, Digest>()
  /** Torn tails of the registry itself that are on record. */
  readonly cuts = new Set<Digest>()
  readonly duties = new DutyView()
  readonly upkeep = new UpkeepView()
  /** The latest time that any leaf tells, on record or on its way. */
  latest: Instant | undefined
  readonly #joiner = new PieceJoiner()
  #open: ManifestRecord[] = []

  /** A leaf that is on its way, before it is taken: none that is appended behind it may be older. */
  foresee(json: unknown): void {
    const { at } = Object(json) as { readonly at?: Instant }
    if (at !== undefined && at > (this.latest ?? at - 1)) this.latest = at
  }

  /** Leaves in the order of the chain; `json`: the record of a verified leaf, parsed. */
  take(index: number, kind: LeafKind, json: unknown): void {
    // Whoever wrote the registry may have written any JSON: what has no members says nothing here.
    const record: unknown = Object(json)
    this.foresee(record)
    if (kind === 'document' || kind === 'rules') {
      const whole = this.#joiner.take(record as PieceRecord)
      if (whole !== undefined) this.texts.set(whole.hash, whole.text)
    }
    if (kind === 'revocations') this.#takeRevocations(record as PieceRecord)
    this.#takeLife(index, kind, record)
    this.duties.take(index, kind, record)
    this.upkeep.take(kind, record)
    if (kind === 'manifest') this.#takeManifest(index, record as ManifestRecord)
  }

  /** Only that it is there: eight years of lists would not fit into memory, and no decision reads one from here. */
  #takeRevocations({ hash, id, part, parts }: PieceRecord): void {
    if (part === parts) this.revocations.set(Number(id), hash)
  }

  /** Chains that begin and end. */
  #takeLife(index: number, kind: LeafKind, record: unknown): void {
    if (kind === 'genesis') this.geneses.push({ index, record: record as GenesisRecord })
    if (kind === 'cut') this.cuts.add((record as CutRecord).hash)
    if (kind === 'closure') {
      const closure = record as ClosureRecord
      this.closures.set(closure.chain, closure)
    }
  }

  /** The manifest in force at a size of the chain. */
  manifestAt(index: number): Manifest | undefined {
    return this.manifests.find((manifest) => manifest.index === index)
  }

  newest(): Manifest | undefined {
    return this.manifests.at(-1)
  }

  #takeManifest(index: number, part: ManifestRecord): void {
    if (part.part === 1) this.#open = []
    this.#open.push(part)
    if (part.part < part.parts) return
    const { at, number, rules, engine } = part
    const documents = this.#open.flatMap((piece) => piece.documents)
    this.manifests.push({ index, at, number, documents, rules, engine })
  }
}
