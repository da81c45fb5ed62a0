/** All chains of one process, published to all its witnesses: rounds, what they came to, and whether exchanges may begin. */
import type { CheckpointStore } from '../ports/checkpoint-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { Witness, WitnessedLog } from '../ports/witness.ts'
import { answerComplaints } from './answer-complaints.ts'
import { AskedWitness } from './asked-witness.ts'
import { Publication } from './publication.ts'
import { checkpointIn } from './parts.ts'
import type { WitnessStatus } from './status.ts'
import type { Report } from '../ports/telemetry.ts'

export interface PublisherParts {
  readonly witnesses: readonly Witness[]
  readonly require: number
  /** Begin no exchange where the witnesses have been behind for longer; absent: go on, and say so. */
  readonly refuseAfterMs?: number
  readonly store: CheckpointStore
  readonly clock: Clock
  /** Milliseconds that only grow, whatever is done to the clock. */
  readonly elapsed: () => number
  readonly pause: (milliseconds: number) => Promise<void>
  readonly report: Report
}

/** Where the leaf stands that opened a chain in public. */
export interface GenesisPlace {
  readonly registry: string
  readonly index: number
}

export class Publisher {
  readonly #parts: PublisherParts
  readonly #witnesses: readonly AskedWitness[]
  readonly #publications = new Map<string, Publication>()
  readonly #logs = new Map<string, WitnessedLog>()
  /** Witnesses whose complaints are being answered. */
  readonly #answering = new Set<AskedWitness>()
  #unkept: WitnessStatus['unkept']
  #unanswered = ''

  constructor(parts: PublisherParts) {
    this.#parts = parts
    this.#witnesses = parts.witnesses.map((witness) => new AskedWitness(witness, parts))
  }

  add(log: WitnessedLog, genesis?: GenesisPlace): void {
    const genesisFor = (witness: AskedWitness): Promise<string | undefined> =>
      this.#genesis(witness, genesis)
    const parts = { ...this.#parts, witnesses: this.#witnesses, log, genesisFor }
    this.#logs.set(log.origin, log)
    this.#publications.set(log.origin, new Publication(parts))
  }

  /** One round of every chain. Never rejects: what could not be kept is reported, and holds `covers` up. */
  async round(): Promise<void> {
    const rounds = [...this.#publications.values()].map((each) => each.round())
    const faults = (await Promise.allSettled(rounds)).filter(({ status }) => status === 'rejected')
    const [fault] = faults as readonly PromiseRejectedResult[]
    this.#tellKept(fault === undefined ? undefined : wordsOf(fault.reason))
  }

  /** Shows witnesses the leaves that somebody has complained of. Never rejects; a witness that is slow is not asked again meanwhile. */
  async answerComplaints(): Promise<void> {
    await Promise.all(this.#witnesses.map((witness) => this.#answerAt(witness)))
  }

  /** Resolves once as many witnesses as required have cosigned a published checkpoint that covers the leaf. */
  async covers(origin: string, index: number): Promise<void> {
    const publication = this.#publications.get(origin)
    if (publication === undefined) throw new RangeError(`${origin} is not published here`)
    await publication.covers(index)
  }

  /** The newest published checkpoint of a chain with all required cosignatures. */
  cosigned(origin: string): string | undefined {
    return this.#publications.get(origin)?.cosigned?.note
  }

  /** Asked by every exchange. */
  get accepts(): boolean {
    const { refuseAfterMs } = this.#parts
    return refuseAfterMs === undefined || this.#behindMs() <= refuseAfterMs
  }

  get status(): WitnessStatus {
    const all = [...this.#publications.values()]
    const last = all.flatMap(({ cosigned }) => cosigned?.at ?? []).toSorted((a, b) => b - a)[0]
    return {
      require: this.#parts.require,
      witnesses: this.#witnesses.map(({ view }) => view),
      ...(last !== undefined && { lastCosigned: last }),
      behindMs: this.#behindMs(),
      accepts: this.accepts,
      ...(this.#unkept && { unkept: this.#unkept }),
    }
  }

  #behindMs(): number {
    const now = this.#parts.elapsed()
    const waiting = [...this.#publications.values()].map(
      ({ behindSince }) => now - (behindSince ?? now),
    )
    return Math.max(0, ...waiting)
  }

  async #genesis(
    witness: AskedWitness,
    place: GenesisPlace | undefined,
  ): Promise<string | undefined> {
    if (place === undefined) return undefined
    const cosigned = witness.cosigned(place.registry)
    if (cosigned === undefined || checkpointIn(cosigned).size <= place.index) return undefined
    return this.#logs.get(place.registry)?.receipt(place.index, cosigned, 'record')
  }

  #tellKept(why: string | undefined): void {
    const { clock, report } = this.#parts
    if (why === this.#unkept?.why) return
    this.#unkept =
      why === undefined ? undefined : { since: this.#unkept?.since ?? clock.now(), why }
    if (why === undefined) report('checkpoints are published again', 'nobody')
    else report(`checkpoints are not published: ${why}`, 'today')
  }

  async #answerAt(asked: AskedWitness): Promise<void> {
    if (this.#answering.has(asked)) return
    this.#answering.add(asked)
    try {
      for (const [chain, log] of this.#logs) {
        await answerComplaints({ witness: asked.witness, cosigned: asked.cosigned(chain) }, log)
      }
      this.#unanswered = ''
    } catch (fault) {
      const why = wordsOf(fault)
      if (why !== this.#unanswered)
        this.#parts.report(`complaints are not answered: ${why}`, 'today')
      this.#unanswered = why
    } finally {
      this.#answering.delete(asked)
    }
  }
}

function wordsOf(fault: unknown): string {
  return fault instanceof Error ? fault.message : 'a fault'
}
