/** One witness as its log knows it: how it stands, what it remembers of each chain, when it is asked again. */
import { parseVkey } from '../ledger/note.ts'
import type { NoteKey } from '../ledger/note.ts'
import { COSIGNATURE } from '../ledger/signer.ts'
import type { Clock } from '../ports/clock.ts'
import type { Witness, WitnessedLog } from '../ports/witness.ts'
import { askWitness } from './ask-witness.ts'
import { checkpointIn } from './parts.ts'
import { standingAfter } from './status.ts'
import type { WitnessView } from './status.ts'
import type { Report, Urgency } from '../ports/telemetry.ts'

const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 15_000

export interface AskedWitnessParts {
  readonly clock: Clock
  /** Milliseconds that only grow, whatever is done to the clock. */
  readonly elapsed: () => number
  readonly report: Report
}

/** A witness that contradicts us has seen another history under our name. */
const URGENCIES: Readonly<Record<WitnessView['state'], Urgency>> = {
  'not-asked': 'nobody',
  cosigning: 'nobody',
  away: 'watch',
  refusing: 'today',
  contradicting: 'now',
  lying: 'today',
}

export class AskedWitness {
  readonly key: NoteKey
  readonly witness: Witness
  readonly #clock: Clock
  readonly #elapsed: () => number
  readonly #report: Report
  /** By chain, the last note that it has cosigned. */
  readonly #cosigned = new Map<string, string>()
  readonly #busy = new Set<string>()
  #view: WitnessView
  #pauseMs = 0
  #askedAt = 0

  constructor(witness: Witness, { clock, elapsed, report }: AskedWitnessParts) {
    const key = parseVkey(witness.vkey)
    if (key?.algorithm !== COSIGNATURE) throw new RangeError('not the verifier key of a witness')
    this.key = key
    this.witness = witness
    this.#clock = clock
    this.#elapsed = elapsed
    this.#report = report
    this.#view = { name: key.name, state: 'not-asked', since: clock.now() }
  }

  get view(): WitnessView {
    return this.#view
  }

  /** False while it is thinking about this chain, and for a while after it could not be asked. */
  mayAsk(chain: string): boolean {
    return !this.#busy.has(chain) && this.#elapsed() - this.#askedAt >= this.#pauseMs
  }

  /** The last note of a chain that it has cosigned. */
  cosigned(chain: string): string | undefined {
    return this.#cosigned.get(chain)
  }

  /** Its signature line under the note, once it has made one. */
  async ask(
    log: WitnessedLog,
    note: string,
    genesis: () => Promise<string | undefined>,
  ): Promise<string | undefined> {
    const { origin } = log
    const last = this.#cosigned.get(origin)
    const remembered = last === undefined ? 0 : checkpointIn(last).size
    this.#busy.add(origin)
    try {
      const { key, witness } = this
      const answer = await askWitness({ witness, key, log, note, remembered, genesis })
      // Its next checkpoint is on its way to us as well.
      if (answer.kind === 'ahead' && log.isFollowed === true) return undefined
      const { state, why } = standingAfter(answer, origin)
      this.#stand({ state, ...(why !== undefined && { why }) }, origin)
      if (answer.kind !== 'cosigned') return undefined
      this.#cosigned.set(origin, note)
      return answer.line
    } finally {
      this.#busy.delete(origin)
    }
  }

  /** By chain: what one chain is answered does not mend what another was. */
  readonly #trouble = new Map<string, Pick<WitnessView, 'state' | 'why'>>()

  #stand(standing: Pick<WitnessView, 'state' | 'why'>, chain: string): void {
    if (standing.state === 'cosigning') this.#trouble.delete(chain)
    else this.#trouble.set(chain, standing)
    this.#askedAt = this.#elapsed()
    const longer = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, this.#pauseMs * 2))
    this.#pauseMs = standing.state === 'away' ? longer : 0
    const [trouble = standing] = this.#trouble.values()
    if (trouble.state === this.#view.state && trouble.why === this.#view.why) return
    const { name } = this.key
    this.#view = { name, ...trouble, since: this.#clock.now() }
    this.#report(
      trouble.why === undefined
        ? `witness ${name} cosigns`
        : `witness ${name} is ${trouble.state}: ${trouble.why}`,
      URGENCIES[trouble.state],
    )
  }
}
