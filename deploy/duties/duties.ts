/**
 * Carries out what officers hand in, one order after the other, in the process that holds the data folder: the running gateway, or
 * the command itself where none runs. Between the two there is a conversation, whichever it is.
 */
import { officersOnRecord, type Refusal } from '../../gateway/erasure/admit.ts'
import { erase } from '../../gateway/erasure/erase.ts'
import type { CopyFor, Erased } from '../../gateway/erasure/erase.ts'
import { finishErasures } from '../../gateway/erasure/finish.ts'
import { hold, release } from '../../gateway/erasure/holds.ts'
import type { Recorded } from '../../gateway/erasure/holds.ts'
import { openDetails } from '../../gateway/erasure/open-details.ts'
import type { Opened } from '../../gateway/erasure/open-details.ts'
import type { DutyParts, DutyStep, Order } from '../../gateway/erasure/parts.ts'
import type { Conversation } from '../../gateway/ports/conversation.ts'
import { appendAll } from '../../gateway/registry/publish.ts'
import type { DutyHost } from './host.ts'
import { backUp, type BackedUp } from './key-backup.ts'
import { Queue } from './one-at-a-time.ts'
import { readOfficers } from './officers-file.ts'
import { parseAsking, parseOrder, type Asking } from './order.ts'
import { readDecision, readPersons } from './read-in-worker.ts'

export type Outcome = Erased | Recorded | Opened | Refusal | Known | BackedUp
export interface Known {
  readonly kind: 'known'
  /** Those of the pseudonyms and exchanges asked about that lead to a key. */
  readonly names: readonly string[]
}

export type Saying =
  | { readonly say: 'step'; readonly step: DutyStep }
  | { readonly say: 'copies'; readonly copies: readonly CopyFor[] }
  | { readonly say: 'done'; readonly outcome: Outcome }
  | { readonly say: 'fault'; readonly name: string; readonly message: string }

/** The officer's side has this long to keep the copies; her exchanges are refused meanwhile. Milliseconds. */
const PATIENCE_MS = 60_000

export class Duties {
  readonly #host: DutyHost
  readonly #queue = new Queue()

  constructor(host: DutyHost) {
    this.#host = host
  }

  /** At the start, before anything else is recorded. Answers how many erasures a crash had left unfinished. */
  finish(): Promise<number> {
    return finishErasures(this.#parts(() => undefined))
  }

  /** The list of officers, as the registrar keeps it, is on record: gateways that follow this registry take it from there. */
  async recordOfficers(): Promise<void> {
    const officers = readOfficers(this.#host.data)
    if (officers !== undefined)
      await officersOnRecord(
        officers,
        this.#parts(() => undefined),
      )
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
      case 'backup':
        return backUp(this.#host, asking)
      case 'order':
        return this.#carryOut(parseOrder(asking.order), conversation)
    }
  }

  #carryOut(order: Order, conversation: Conversation): Promise<Outcome> {
    const say = (saying: Saying): void => conversation.send(saying)
    const parts = this.#parts((step) => say({ say: 'step', step }))
    switch (order.statement.act) {
      case 'erase':
        return erase(order, {
          ...parts,
          async handOver(copies) {
            say({ say: 'copies', copies })
            await answered(conversation)
          },
        })
      case 'hold':
        return hold(order, parts)
      case 'release':
        return release(order, parts)
      case 'open':
        return openDetails(order, parts)
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

  #parts(onStep: DutyParts['onStep']): DutyParts {
    const { chance, clock, data, gateway, instance, keys, registry, settled } = this.#host
    const { duties } = registry.view
    return {
      instance,
      gateway,
      clock,
      chance,
      keys,
      settled,
      onStep,
      duties,
      append: (entries) => appendAll(registry, entries),
      officers: () => readOfficers(data) ?? duties.newestOfficers()?.record.officers ?? [],
      recordsOf: (subjects) => readPersons(data, subjects),
      decisionOf: (exchange) => readDecision(data, exchange),
    }
  }
}

/** Any answer means that the copies are kept. */
async function answered(conversation: Conversation): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error('the copies were not taken in time: nothing was erased'))
    }, PATIENCE_MS)
  })
  try {
    await Promise.race([conversation.receive(), late])
  } finally {
    clearTimeout(timer)
  }
}
