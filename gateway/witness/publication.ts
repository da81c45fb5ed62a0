/**
 * One chain's checkpoints, published: in each round the newest durable one is brought to every witness that is not busy, and kept with
 * the cosignatures that came in time. A witness that is slow holds a round up only while fewer than needed have
 * cosigned; what it says late is published with the next round.
 */
import type { Instant } from '../../policies/vocabulary.ts'
import type { CheckpointStore } from '../ports/checkpoint-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { WitnessedLog } from '../ports/witness.ts'
import type { AskedWitness } from './asked-witness.ts'
import { checkpointIn } from './parts.ts'

export interface PublicationParts {
  readonly log: WitnessedLog
  readonly witnesses: readonly AskedWitness[]
  /** How many of them must cosign. */
  readonly require: number
  readonly store: CheckpointStore
  readonly clock: Clock
  /** Milliseconds that only grow, whatever is done to the clock. */
  readonly elapsed: () => number
  readonly pause: (milliseconds: number) => Promise<void>
  /** tlog-proof of the chain's genesis under a checkpoint that this witness has cosigned. */
  readonly genesisFor: (witness: AskedWitness) => Promise<string | undefined>
}

/** Once enough have cosigned, the others get this much longer. */
const GRACE_MS = 300

interface Taken {
  readonly note: string
  /** As `elapsed` counts. */
  readonly since: number
  readonly lines: Map<AskedWitness, string>
  /** How many lines it was published with. */
  published: number | undefined
}

export class Publication {
  readonly #parts: PublicationParts
  readonly #waiting: { readonly index: number; readonly done: () => void }[] = []
  #taken: Taken | undefined
  #cosigned: { readonly note: string; readonly at: Instant } | undefined
  #behindSince: number | undefined
  #running: Promise<void> | undefined

  constructor(parts: PublicationParts) {
    this.#parts = parts
  }

  get origin(): string {
    return this.#parts.log.origin
  }

  /** The newest published note with as many cosignatures as are required, and when it was. */
  get cosigned(): { readonly note: string; readonly at: Instant } | undefined {
    return this.#cosigned
  }

  /** Since when a checkpoint has been waiting for its cosignatures, as `elapsed` counts. */
  get behindSince(): number | undefined {
    return this.#behindSince
  }

  /** Resolves once a published checkpoint with the required cosignatures covers the leaf. */
  covers(index: number): Promise<void> {
    if (this.#reaches(index)) return Promise.resolve()
    return new Promise((done) => {
      this.#waiting.push({ index, done })
    })
  }

  /** Ends within the witnesses' own bounds. Rejects where the checkpoint could not be kept. */
  round(): Promise<void> {
    this.#running ??= this.#round().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #round(): Promise<void> {
    const taken = this.#take()
    if (taken === undefined) return
    const asked = this.#parts.witnesses.filter(
      (witness) => !taken.lines.has(witness) && witness.mayAsk(this.origin),
    )
    await this.#gather(taken, asked)
    if (taken.published !== taken.lines.size) await this.#publish(taken)
  }

  #take(): Taken | undefined {
    const note = this.#parts.log.checkpoint()
    if (note === undefined) return undefined
    if (note !== this.#taken?.note) {
      const since = this.#parts.elapsed()
      this.#taken = { note, since, lines: new Map(), published: undefined }
      this.#behindSince ??= since
    }
    return this.#taken
  }

  async #gather(taken: Taken, asked: readonly AskedWitness[]): Promise<void> {
    const { log, genesisFor, pause, require } = this.#parts
    let enough: () => void = () => undefined
    const isEnough = new Promise<void>((resolve) => {
      enough = resolve
    })
    const all = asked.map(async (witness) => {
      const line = await witness.ask(log, taken.note, () => genesisFor(witness))
      if (line !== undefined) taken.lines.set(witness, line)
      if (taken.lines.size >= require) enough()
    })
    await Promise.race([Promise.all(all), isEnough.then(() => pause(GRACE_MS))])
  }

  async #publish(taken: Taken): Promise<void> {
    const { clock, require, store } = this.#parts
    const lines = [...taken.lines.values()]
    const note = taken.note + lines.join('')
    await store.publish({ origin: this.origin, size: checkpointIn(note).size, note })
    const isFirst = (taken.published ?? -1) < require
    taken.published = lines.length
    if (lines.length < require) return
    this.#cosigned = { note, at: clock.now() }
    if (!isFirst) return
    // What was signed since this one was taken has been waiting since then, at the longest.
    this.#behindSince = this.#parts.log.checkpoint() === taken.note ? undefined : taken.since
    for (const each of this.#waiting.splice(0)) {
      if (this.#reaches(each.index)) each.done()
      else this.#waiting.push(each)
    }
  }

  #reaches(index: number): boolean {
    return this.#cosigned !== undefined && checkpointIn(this.#cosigned.note).size > index
  }
}
