/** The chain of the tests: the real commit loop in memory, which can be made to wait, to refuse and to fail. */
import { LedgerFault } from '../../gateway/ledger/chain.ts'
import {
  LedgerUnavailable,
  type Chain,
  type Entry,
  type Head,
  type LeafKind,
  type Recorded,
} from '../../gateway/ledger/entry.ts'
import type { KeptLeaf, LeafReader } from '../../gateway/ports/leaf-reader.ts'
import type { MemoryChain } from './memory-ledger.ts'

export type Fate =
  | 'kept'
  /** LedgerUnavailable: nothing was and will be recorded. */
  | 'refused'
  /** The write failed, and nothing is there. */
  | 'lost'
  /** The write failed, and the leaf is there all the same. */
  | 'kept but reported lost'

export interface Held {
  /** Resolves when an entry of the kind has come to the chain. */
  readonly reached: Promise<void>
  /** Lets it, and all others, be recorded. */
  release(): void
}

export class ControlledChain implements Chain, LeafReader {
  readonly memory: MemoryChain
  fateOf: (entry: Entry) => Fate = () => 'kept'
  /** What `accepts` answers; append is not touched by it. */
  accepting = true
  /** What came to the chain and was not kept. */
  readonly unrecorded: LeafKind[] = []
  /** What was kept although its caller heard otherwise. */
  readonly reportedLost: LeafKind[] = []
  readonly #recorded = new Map<number, Recorded>()
  readonly #onDurable: (entry: Entry) => void
  readonly #holds = new Map<LeafKind, { reach: () => void; readonly released: Promise<void> }>()
  #dead: LedgerFault | undefined

  constructor(memory: MemoryChain, onDurable: (entry: Entry) => void) {
    this.memory = memory
    this.#onDurable = onDurable
  }

  get origin(): string {
    return this.memory.origin
  }

  hold(kind: LeafKind): Held {
    const reached = Promise.withResolvers<undefined>()
    const released = Promise.withResolvers<undefined>()
    this.#holds.set(kind, {
      reach: () => reached.resolve(undefined),
      released: released.promise,
    })
    return {
      reached: reached.promise,
      release: () => {
        this.#holds.delete(kind)
        released.resolve(undefined)
      },
    }
  }

  async append(entry: Entry): Promise<Recorded> {
    if (this.#dead !== undefined) return this.#refuse(entry, this.#dead)
    const hold = this.#holds.get(entry.kind)
    hold?.reach()
    await hold?.released
    const fate = this.fateOf(entry)
    if (fate === 'refused')
      return this.#refuse(entry, new LedgerUnavailable('refused by the script'))
    if (fate === 'lost') return this.#refuse(entry, this.#die())
    const recorded = await this.memory.append(entry)
    this.#recorded.set(recorded.index, recorded)
    this.#onDurable(entry)
    if (fate === 'kept but reported lost') {
      this.reportedLost.push(entry.kind)
      throw this.#die()
    }
    return recorded
  }

  async read(index: number): Promise<KeptLeaf | undefined> {
    const recorded = this.#recorded.get(index)
    const entry = this.memory.entries[index]
    if (recorded === undefined || entry === undefined) return undefined
    return { leaf: entry.leaf, record: entry.record, proof: (extra) => recorded.receipt(extra) }
  }

  head(): Head {
    return this.memory.head()
  }

  accepts(): boolean {
    return this.accepting && this.#dead === undefined && this.memory.accepts()
  }

  close(): Promise<void> {
    return this.memory.close()
  }

  #refuse({ kind }: Entry, fault: Error): never {
    this.unrecorded.push(kind)
    throw fault
  }

  /** After a failed write nobody may write any more (gateway/ledger/chain.ts). */
  #die(): LedgerFault {
    this.#dead = new LedgerFault('the journal failed: whether the leaf was recorded is unknown')
    return this.#dead
  }
}
