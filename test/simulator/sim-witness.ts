/**
 * A witness in a simulated world: the product's own desks, over a memory that survives. Its connection may be away or slow, or lose
 * the answer to what it has cosigned; it never lies.
 */
import { hash } from 'node:crypto'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import type { Witness, WitnessReply } from '../../gateway/ports/witness.ts'
import type {
  KeptComplaint,
  KnownGenesis,
  WitnessMemory,
} from '../../gateway/ports/witness-memory.ts'
import type { AddCheckpointAnswer } from '../../gateway/witness/checkpoint-desk.ts'
import { cosignerOf, cosignerVkey } from '../../gateway/witness/cosignature.ts'
import { witnessDesks, type Desks } from '../../gateway/witness/desks.ts'
import type { Random } from './random.ts'
import type { Schedule } from './schedule.ts'
import { MachineClock } from './sim-clock.ts'
import type { WITNESS_MOODS } from './steps.ts'

export class SimWitness implements Pick<Witness, 'vkey' | 'post'> {
  readonly vkey: string
  readonly memory = new Remembered()
  #mood: (typeof WITNESS_MOODS)[number] = 'well'
  readonly #desks: Desks
  readonly #schedule: Schedule
  readonly #random: Random

  constructor(
    name: string,
    its: { readonly schedule: Schedule; readonly random: Random; readonly keysText: string },
  ) {
    const cosigner = cosignerOf(name, hash('sha256', name, 'buffer'))
    this.vkey = cosignerVkey(cosigner)
    this.#schedule = its.schedule
    this.#random = its.random
    this.#desks = witnessDesks({
      cosigner,
      keys: parsePinnedKeys(its.keysText),
      memory: this.memory,
      clock: new MachineClock(its.schedule).forProcess(),
      alarm: () => undefined,
    })
  }

  become(mood: (typeof WITNESS_MOODS)[number]): void {
    this.#mood = mood
  }

  async post(path: string, body: string): Promise<WitnessReply> {
    const mood = this.#mood
    await this.#schedule.sleep(
      mood === 'slow' ? this.#random.between(500, 4_000) : this.#random.between(1, 20),
    )
    if (mood === 'away') return { kind: 'away', why: 'unreachable' }
    const reply = await this.#answer(path, body)
    return mood === 'loses answers' ? { kind: 'away', why: 'timeout' } : reply
  }

  async #answer(path: string, body: string): Promise<WitnessReply> {
    if (path === 'add-checkpoint') return repliedWith(await this.#desks.checkpoints.add(body))
    const { kind } = await this.#desks.geneses.add(body)
    return answered(kind === 'learnt' ? 200 : kind === 'contradicted' ? 422 : 403)
  }
}

/** As `gateway/http/witness-routes.ts` puts it. */
function repliedWith(answer: AddCheckpointAnswer): WitnessReply {
  switch (answer.kind) {
    case 'cosigned':
      return answered(200, answer.lines)
    case 'conflict':
      return { ...answered(409, `${answer.size}\n`), contentType: 'text/x.tlog.size' }
    case 'malformed':
    case 'old-above-new':
      return answered(400)
    case 'unknown-origin':
      return answered(404)
    case 'unsigned':
      return answered(403)
    case 'inconsistent':
      return answered(422)
  }
}

function answered(status: number, body = ''): Extract<WitnessReply, { kind: 'answered' }> {
  return { kind: 'answered', status, contentType: 'text/plain', body }
}

/** Durable as soon as it is called: what a witness's own crash does has tests of its own. */
class Remembered implements WitnessMemory {
  readonly geneses: KnownGenesis[] = []
  readonly complaints: KeptComplaint[] = []
  readonly #notes = new Map<string, Map<number, string>>()
  readonly #contradictions = new Map<string, string>()

  chains(): readonly string[] {
    return [...this.#notes.keys()]
  }

  newest(chain: string): Promise<string | undefined> {
    return Promise.resolve(this.newestOf(chain))
  }

  newestOf(chain: string): string | undefined {
    return [...(this.#notes.get(chain) ?? [])].at(-1)?.[1]
  }

  ofSize(chain: string, size: number): Promise<string | undefined> {
    return Promise.resolve(this.#notes.get(chain)?.get(size))
  }

  remember(chain: string, note: string): Promise<void> {
    const notes = this.#notes.get(chain) ?? new Map<number, string>()
    const size = Number(note.split('\n')[1])
    // The newest stands last.
    notes.delete(size)
    this.#notes.set(chain, notes.set(size, note))
    return Promise.resolve()
  }

  keepContradiction(name: string, text: string): Promise<void> {
    this.#contradictions.set(name, text)
    return Promise.resolve()
  }

  contradictions(): readonly string[] {
    return [...this.#contradictions.keys()]
  }

  learnGenesis(genesis: KnownGenesis): Promise<void> {
    this.geneses.push(genesis)
    return Promise.resolve()
  }

  fileComplaint(complaint: KeptComplaint): Promise<number> {
    return Promise.resolve(this.complaints.push(complaint))
  }

  settleComplaint(): Promise<void> {
    return Promise.resolve()
  }
}
