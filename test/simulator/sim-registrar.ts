/**
 * The registrar, as one gateway of a simulated world reaches it: the product's own desk in whatever process of the registrar has its
 * door open, behind a connection that may be away or slow, lose what was handed in or the answer to it, hand it in twice or long
 * after its sender gave up, or show what the registrar never wrote.
 */
import { LedgerFault } from '../../gateway/ledger/chain.ts'
import { LedgerUnavailable, NotReplicated } from '../../gateway/ledger/entry.ts'
import type { Commit } from '../../gateway/ports/chain-journal.ts'
import {
  RegistrarRefused,
  RegistrarUnavailable,
  type Registrar,
} from '../../gateway/ports/registrar.ts'
import type { HandedIn, RegistrarDesk } from '../../gateway/registry/registrar-desk.ts'
import type { GatewayId } from '../../policies/vocabulary.ts'
import { falsified } from './falsified.ts'
import { never } from './mortal.ts'
import type { Random } from './random.ts'
import type { Schedule } from './schedule.ts'
import type { REGISTRAR_MOODS } from './steps.ts'

/** Of one process of the registrar. */
export interface Door {
  readonly desk: RegistrarDesk
  /** As long as the process lives and has not closed it. */
  isOpen(): boolean
}

export interface SimRegistrarParts {
  /** Who reaches it: known by certificate. */
  readonly gateway: GatewayId
  readonly schedule: Schedule
  readonly random: Random
  readonly door: () => Door | undefined
  /** The desk threw, and nothing of the world explains it. */
  readonly fault: (fault: unknown) => void
}

/** A process that follows. */
export interface Caller {
  readonly isAlive: () => boolean
  readonly recorded: (index: number, entry: HandedIn) => void
  /** It is being shown what the registrar never wrote. */
  readonly lied: () => void
}

/** As of the product's own connection (adapters/registrar-client). */
const DEADLINE_MS = 10_000

type Work<Answer> = (desk: RegistrarDesk, isStray: boolean) => Promise<Answer>

export class SimRegistrar {
  mood: (typeof REGISTRAR_MOODS)[number] = 'well'
  /**
   * Grows when the desk begins or ends with a leaf whose sender does not wait for that answer: it came late, or a second time, or its
   * sender is dead. Whoever follows meanwhile may be refused what is on record already.
   */
  strays = 0
  readonly #parts: SimRegistrarParts

  constructor(parts: SimRegistrarParts) {
    this.#parts = parts
  }

  connect(caller: Caller): Registrar {
    let hangUp: (fault: Error) => void = () => undefined
    const hungUp = new Promise<never>((_resolve, reject) => {
      hangUp = reject
    })
    hungUp.catch(() => undefined)
    // A process that is dead asks nothing; what it is told after its death changes a disk that nobody has any more.
    const asked = <Answer>(work: () => Promise<Answer>): Promise<Answer> =>
      caller.isAlive() ? Promise.race([work(), this.#silence(), hungUp]) : never()
    return {
      commits: (from) => asked(() => this.#commits(from, caller)),
      append: (entry) => asked(() => this.#append(entry, caller)),
      close: () => {
        hangUp(new RegistrarUnavailable('the connection was closed'))
      },
    }
  }

  async #commits(from: number, caller: Caller): Promise<readonly Commit[]> {
    const commits = await this.#carried(async (desk) => commitsAt(desk, from))
    if (this.mood !== 'lies' || commits.length === 0) return commits
    caller.lied()
    return falsified(commits, this.#parts.random)
  }

  async #append(entry: HandedIn, caller: Caller): Promise<number> {
    const index = await this.#carried(async (desk, isStray) => {
      const look = (): void => {
        if (isStray || !caller.isAlive()) this.strays += 1
      }
      look()
      try {
        return await this.#handIn(desk, entry)
      } finally {
        look()
      }
    })
    if (caller.isAlive()) caller.recorded(index, entry)
    return index
  }

  async #handIn(desk: RegistrarDesk, { kind, record }: HandedIn): Promise<number> {
    const answer = await desk.handIn(this.#parts.gateway, { kind, record })
    if (answer.kind === 'recorded') return answer.index
    throw new RegistrarRefused(answer.why)
  }

  /** There and back, as the mood of the moment has it. */
  async #carried<Answer>(work: Work<Answer>): Promise<Answer> {
    const { random, schedule } = this.#parts
    const { mood } = this
    const does = (what: typeof mood): boolean => mood === what && random.isLess(0.5)
    if (mood === 'away' || does('loses requests')) return this.#silence()
    if (does('late')) {
      schedule.after(random.between(DEADLINE_MS, 3 * DEADLINE_MS), () => {
        this.#arrived(work, true).catch(() => undefined)
      })
      return this.#silence()
    }
    await schedule.sleep(this.#time())
    const answers = [this.#arrived(work, false)]
    if (does('repeats')) answers.push(this.#arrived(work, true))
    await Promise.allSettled(answers)
    if (does('loses answers')) return this.#silence()
    await schedule.sleep(this.#time())
    return random.pick(answers)
  }

  async #arrived<Answer>(work: Work<Answer>, isStray: boolean): Promise<Answer> {
    const door = this.#parts.door()
    if (door === undefined) throw new RegistrarUnavailable('the registrar can not be reached')
    try {
      const answer = await work(door.desk, isStray)
      // Its last words go into a connection that is broken.
      return door.isOpen() ? answer : await this.#silence()
    } catch (fault) {
      if (!door.isOpen()) return this.#silence()
      if (fault instanceof RegistrarRefused) throw fault
      if (!isOfTheWorld(fault)) this.#parts.fault(fault)
      throw new RegistrarUnavailable('the registry can not record now')
    }
  }

  #time(): number {
    const { random } = this.#parts
    return this.mood === 'slow' ? random.between(500, 6_000) : random.between(1, 20)
  }

  async #silence(): Promise<never> {
    await this.#parts.schedule.sleep(DEADLINE_MS)
    throw new RegistrarUnavailable('the registrar does not answer in time')
  }
}

/** As `gateway/http/registrar-listener.ts` answers. */
function commitsAt(desk: RegistrarDesk, from: number): readonly Commit[] {
  const size = desk.size()
  if (from > size) throw new RegistrarRefused(`the registrar was put back to ${size} leaves`)
  return desk.commits(from).map(({ count, first, payload }) => {
    return { count, first, payload: Buffer.from(payload) }
  })
}

/** A disk that fails, log servers that are away. */
function isOfTheWorld(fault: unknown): boolean {
  return [LedgerFault, LedgerUnavailable, NotReplicated].some((kind) => fault instanceof kind)
}
