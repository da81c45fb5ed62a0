/**
 * Carries out what officers hand in, one order after the other, in the process that holds the data folder: the running gateway, or
 * the command itself where none runs. Between the two there is a conversation, whichever it is.
 */
import { officersOnRecord, type Refusal } from '../../gateway/erasure/admit.ts'
import { erase, ErasureUnfinished } from '../../gateway/erasure/erase.ts'
import type { CopyFor, Erased } from '../../gateway/erasure/erase.ts'
import { finishErasures } from '../../gateway/erasure/finish.ts'
import { hold, holdsNotEnded, holdsOn, release } from '../../gateway/erasure/holds.ts'
import type { Recorded } from '../../gateway/erasure/holds.ts'
import { openDetails } from '../../gateway/erasure/open-details.ts'
import type { Opened } from '../../gateway/erasure/open-details.ts'
import { refusal } from '../../gateway/erasure/parts.ts'
import type { DutyParts, DutyStep, Order } from '../../gateway/erasure/parts.ts'
import { recordPruning } from '../../gateway/erasure/record-pruning.ts'
import type { PruningPlan, PruningRecorded } from '../../gateway/erasure/record-pruning.ts'
import type { Officer } from '../../gateway/ledger/duty-events.ts'
import type { Conversation } from '../../gateway/ports/conversation.ts'
import { appendAll } from '../../gateway/registry/publish.ts'
import type { DutyHost } from './host.ts'
import { backUp, type BackedUp } from './key-backup.ts'
import { Queue } from './one-at-a-time.ts'
import { readOfficers } from './officers-file.ts'
import { parseAsking, parseOrder, type Asking } from './order.ts'
import type { Reached } from './personal-records.ts'
import { readDecision, readPersons } from './read-in-worker.ts'

export type Outcome = Erased | Recorded | Opened | Refusal | Known | BackedUp | PruningRecorded
export interface Known {
  readonly kind: 'known'
  /** Those of the pseudonyms and exchanges asked about of which it is true: that they lead to a key, that somebody is under a hold. */
  readonly names: readonly string[]
}

export type Saying =
  | { readonly say: 'step'; readonly step: DutyStep }
  | { readonly say: 'copies'; readonly copies: readonly CopyFor[] }
  | { readonly say: 'done'; readonly outcome: Outcome }
  | { readonly say: 'fault'; readonly name: string; readonly message: string }

/**
 * The officer's side has this long to keep the copies, and so much more for each (a passphrase is slow to try, so a copy is slow to lock);
 * their exchanges are refused meanwhile. Milliseconds.
 */
const PATIENCE_MS = 60_000
const PATIENCE_FOR_EACH_MS = 2_000

export class Duties {
  readonly #host: DutyHost
  readonly #queue = new Queue()
  /** An order broke off where leaves may be on record. */
  #isUnfinished = false

  constructor(host: DutyHost) {
    this.#host = host
  }

  /** At the start, before anything else is recorded. Answers how many erasures a crash had left unfinished. */
  finish(): Promise<number> {
    return finishErasures(this.#parts(() => undefined))
  }

  /** Now and then, between orders. What broke off is finished; the registrar's list is on record, where the other gateways take it from. */
  keepUp(): Promise<void> {
    return this.#queue.run(async () => {
      await this.#finishWhatBrokeOff()
      const officers = this.#keptOfficers()
      const parts = this.#parts(() => undefined)
      if (officers !== undefined) await officersOnRecord(officers, parts)
    })
  }

  async #finishWhatBrokeOff(): Promise<void> {
    if (!this.#isUnfinished) return
    await this.finish()
    this.#isUnfinished = false
  }

  /** The registrar keeps the list: a file beside a gateway that follows it makes nobody an officer. */
  #keptOfficers(): readonly Officer[] | undefined {
    const { data, registry } = this.#host
    return registry.isFollowed === true ? undefined : readOfficers(data)
  }

  /** One question and its answer. Never throws: whoever asked is told. */
  async talk(conversation: Conversation): Promise<void> {
    const say = (saying: Saying): void => conversation.send(saying)
    try {
      const asking = parseAsking(await conversation.receive())
      const outcome = await this.#queue.run(() => this.#answer(asking, conversation))
      say({ say: 'done', outcome })
    } catch (fault) {
      // By its members: a fault that comes from the reading thread is of no class of ours.
      const { name = 'Error', message = 'a thrown value' } = Object(fault) as Partial<Error>
      say({ say: 'fault', name, message })
    }
  }

  #answer(asking: Asking, conversation: Conversation): Promise<Outcome> | Outcome {
    switch (asking.ask) {
      case 'known':
        return this.#known(asking.subjects, asking.exchanges)
      case 'held':
        return this.#held(asking.subjects)
      case 'backup':
        return backUp(this.#host, asking)
      case 'order':
        return this.#carryOut(parseOrder(asking.order), conversation, asking.plan)
    }
  }

  async #carryOut(
    order: Order,
    conversation: Conversation,
    plan: PruningPlan | undefined,
  ): Promise<Outcome> {
    await this.#finishWhatBrokeOff()
    const say = (saying: Saying): void => conversation.send(saying)
    const parts = this.#parts((step) => say({ say: 'step', step }))
    switch (order.statement.act) {
      case 'erase':
        return erase(order, {
          ...parts,
          async handOver(copies) {
            say({ say: 'copies', copies })
            await answered(conversation, PATIENCE_MS + PATIENCE_FOR_EACH_MS * copies.length)
          },
        }).catch((fault: unknown) => {
          this.#isUnfinished ||= fault instanceof ErasureUnfinished
          throw fault
        })
      case 'hold':
        return hold(order, parts)
      case 'release':
        return release(order, parts)
      case 'open':
        return openDetails(order, parts)
      case 'prune':
        return plan === undefined
          ? refusal('plan-missing', 'gongdao prune approve carries it out, with the archive')
          : recordPruning(order, plan, { ...parts, view: this.#host.registry.view })
    }
  }

  #known(subjects: readonly string[], exchanges: readonly string[]): Known {
    const { keys } = this.#host
    const names = [
      ...subjects.filter((subject) => keys.holder(subject) !== undefined),
      ...exchanges.filter((exchange) => keys.knowsExchange(exchange)),
    ]
    return { kind: 'known', names }
  }

  /** Those of the pseudonyms whose person is under a legal hold that keeps records. */
  #held(subjects: readonly string[]): Known {
    const { keys, registry } = this.#host
    const holds = holdsNotEnded(registry.view.duties)
    const isHeld = (subject: string): boolean => {
      const person = keys.holder(subject)
      if (person === undefined) return false
      return holdsOn(holds, { token: keys.holdToken(person) }).length > 0
    }
    return { kind: 'known', names: subjects.filter(isHeld) }
  }

  #parts(onStep: DutyParts['onStep']): DutyParts {
    const { chance, clock, data, gateway, instance, keys, registry } = this.#host
    const { duties } = registry.view
    let reached: Reached | undefined
    return {
      instance,
      gateway,
      clock,
      chance,
      keys,
      settled: async () => {
        reached = await this.#host.settled()
      },
      onStep,
      duties,
      append: (entries) => appendAll(registry, entries),
      officers: () => this.#keptOfficers() ?? duties.newestOfficers()?.record.officers ?? [],
      recordsOf: (subjects) => readPersons(data, subjects, reached),
      decisionOf: (exchange) => readDecision(data, exchange),
    }
  }
}

/** Any answer means that the copies are kept. */
async function answered(conversation: Conversation, patienceMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error('the copies were not taken in time: nothing was erased'))
    }, patienceMs)
  })
  try {
    await Promise.race([conversation.receive(), late])
  } finally {
    clearTimeout(timer)
  }
}
