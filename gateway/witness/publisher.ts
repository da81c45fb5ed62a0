/** All chains of one process, published to all its witnesses: rounds, what they came to, and whether exchanges may begin. */
import type { CheckpointStore } from '../ports/checkpoint-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { Witness, WitnessedLog } from '../ports/witness.ts'
import { answerComplaints } from './answer-complaints.ts'
import { AskedWitness } from './asked-witness.ts'
import { Publication } from './publication.ts'
import { checkpointIn } from './parts.ts'
import type { WitnessStatus } from './status.ts'

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
  /** A sentence for the operator. */
  readonly report: (sentence: string) => void
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
  #isKept = true

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
    await Promise.all([...this.#publications.values()].map((each) => this.#kept(each.round())))
  }

  /** Shows witnesses the leaves that somebody has complained of. */
  async answerComplaints(): Promise<void> {
    await Promise.all(
      this.#witnesses.map((witness) => answerComplaints(witness, (chain) => this.#logs.get(chain))),
    )
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

  async #kept(round: Promise<void>): Promise<void> {
    try {
      await round
    } catch (fault) {
      if (!this.#isKept) return
      this.#isKept = false
      this.#parts.report(
        `checkpoints are not published any more: ${fault instanceof Error ? fault.message : 'a fault'}. Make room, and start again`,
      )
    }
  }
}
