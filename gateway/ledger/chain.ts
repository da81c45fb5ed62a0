/**
 * One chain of the ledger, open for appending: the commit loop. As soon as the last commit is done, and no turn of the event loop
 * brings more, it takes what is queued → canonical bytes → leaf hashes → room → tree → signed checkpoint → one frame → durable → resolve.
 *
 * INVARIANT: no promise of `append` resolves before its leaf survives a power cut.
 * INVARIANT: two different checkpoints of one size are never signed. A checkpoint is signed only when the storage has promised
 * room for it, and after a failed write nothing is signed any more.
 */
import { checkpointWriter } from './checkpoint.ts'
import { LedgerUnavailable } from './entry.ts'
import type { Chain, Entry, Head, Recorded } from './entry.ts'
import { EntryWriter, LONGEST_NOTE, RECORD_TOO_LONG, mostBytes } from './entry-bytes.ts'
import type { Encoded } from './entry-bytes.ts'
import { digestOfTreeHash } from './hash.ts'
import type { TreeHash } from './hash.ts'
import { LONGEST_ENTRY } from './leaf.ts'
import { DurableBatch } from './recorded.ts'
import type { LogSigner } from './signer.ts'
import { answer, backlogFull, noRoom, refuseOrdinary } from './waiting.ts'
import type { Waiting } from './waiting.ts'
import { HEADROOM } from './storage.ts'
import type { FrameType, Storage } from './storage.ts'
import { Growth, rootOf } from './tree.ts'
import type { Edge } from './tree.ts'

export interface ChainOptions {
  readonly origin: string
  readonly signer: LogSigner
  readonly storage: Storage
  /** The right edge of what is durable, from recovery; `EMPTY_EDGE` for a new chain. */
  readonly edge: Edge
  /**
   * Leaves are durable before a checkpoint over them is signed (registry, consent: chains that go on after a crash, so a torn
   * tail must not leave two roots of one size).
   */
  readonly twoPhase: boolean
  readonly limits?: Partial<BacklogLimits>
  /** Asked when a batch begins, but for a chain's first: entries to stand in front of it (the `heads` leaf of D7). */
  readonly beforeBatch?: () => readonly Entry[]
  /** Told of each batch when it is durable, before its callers are: keeps what later proofs need. MUST NOT throw. */
  readonly onDurable?: (batch: DurableLeaves) => void
  /** Storage failed in a way that leaves the outcome unknown: the process must stop and recover by reading. */
  readonly onFatal: (fault: LedgerFault) => void
  /**
   * Runs the commit loop soon after an entry came to an idle chain. `setImmediate` lets all requests that came in one turn
   * of the event loop share a batch, and those of the next few as long as each brings more. Absent: a microtask, and no waiting.
   */
  readonly soon?: (go: () => void) => void
  /** Milliseconds of a clock that only runs forward: how long records have waited. Absent: nobody asks. */
  readonly now?: () => number
}

export interface DurableLeaves {
  readonly first: number
  readonly hashes: readonly TreeHash[]
  /** Of records and leaves as they stand in the frame. */
  readonly bytes: number
  /** The checkpoint over them and all before. */
  readonly note: string
  /** Entries, then the checkpoint, as in the frame; until the call ends. Absent where they are frames of their own. */
  readonly payload?: Buffer
}

export interface BacklogLimits {
  readonly queueEntries: number
  /** Of records. */
  readonly queueBytes: number
}

const LIMITS: BacklogLimits = { queueEntries: 8_192, queueBytes: 32 * 1024 * 1024 }
const LARGEST_BATCH = 4_096
/** Nobody waits for more than these. */
const LARGE_BATCH = 64
const MOST_TURNS = 8
/** For what `beforeBatch` adds. */
const ROOM_IN_FRONT = 4_096

/** Whether the leaf was recorded is unknown; recovery will tell. The process stops. */
export class LedgerFault extends Error {
  override readonly name = 'LedgerFault'
}

/** A chain whose owner can tell why it refuses. */
export interface OpenChain extends Chain {
  /** Why an ordinary append would be refused now; undefined where it would not. */
  refusal(): Error | undefined
  /** What waits to be recorded. */
  backlog(): Backlog
}

export interface Backlog {
  readonly records: number
  /** Of records. */
  readonly bytes: number
  /** When the oldest of them came, by the chain's `now`; undefined where none waits. */
  readonly since: number | undefined
}

export function openChain(options: ChainOptions): OpenChain {
  return new CommitLoop(options)
}

class CommitLoop implements OpenChain {
  readonly origin: string
  readonly #options: ChainOptions
  readonly #storage: Storage
  readonly #limits: BacklogLimits
  readonly #sign: (size: number, root: string) => string
  readonly #writer = new EntryWriter()
  #edge: Edge
  #head: Head | undefined
  #queue: Waiting[] = []
  #queueBytes = 0
  #queuedSince = 0
  #running = false
  #closed: Error | undefined
  /** Entries that `beforeBatch` gave to a batch which found no room. */
  #front: readonly Entry[] = []
  readonly #idle: (() => void)[] = []

  constructor(options: ChainOptions) {
    this.origin = options.origin
    this.#options = options
    this.#storage = options.storage
    this.#limits = { ...LIMITS, ...options.limits }
    this.#sign = checkpointWriter(options.origin, options.signer)
    this.#edge = options.edge
  }

  head(): Head {
    this.#head ??= {
      origin: this.origin,
      size: this.#edge.size,
      root: digestOfTreeHash(rootOf(this.#edge)),
    }
    return this.#head
  }

  accepts(): boolean {
    return this.refusal() === undefined
  }

  append(entry: Entry): Promise<Recorded> {
    const refusal = this.refusal(entry.finishes === true)
    if (refusal !== undefined) return Promise.reject(refusal)
    const bytes = Buffer.byteLength(entry.record)
    // Here, so that one caller's mistake never ends the batch of others.
    if (bytes > LONGEST_ENTRY) return Promise.reject(new RangeError(RECORD_TOO_LONG))
    if (this.#queue.length === 0) this.#queuedSince = this.#options.now?.() ?? 0
    return new Promise((resolve, reject) => {
      this.#queue.push({ entry, bytes, resolve, reject })
      this.#queueBytes += bytes
      this.#wake()
    })
  }

  backlog(): Backlog {
    const records = this.#queue.length
    const since = records === 0 ? undefined : this.#queuedSince
    return { records, bytes: this.#queueBytes, since }
  }

  async close(): Promise<void> {
    if (this.#closed !== undefined) return
    this.#closed = new LedgerUnavailable('the chain is closed')
    if (this.#running) await this.#untilIdle()
    await this.#storage.close()
  }

  #untilIdle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.push(resolve)
    })
  }

  refusal(finishes = false): Error | undefined {
    if (this.#closed !== undefined) return this.#closed
    if (finishes) return undefined
    if (this.#queue.length >= this.#limits.queueEntries) return backlogFull()
    if (this.#queueBytes >= this.#limits.queueBytes) return backlogFull()
    if (this.#storage.room !== 'all') return noRoom()
    return undefined
  }

  #wake(): void {
    if (this.#running) return
    this.#running = true
    const go = (): void => void this.#run()
    if (this.#options.soon === undefined) queueMicrotask(go)
    else this.#options.soon(go)
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      await this.#whileMoreCome()
      const batch = this.#take()
      try {
        await this.#commit(batch)
      } catch (cause) {
        this.#die(batch, cause)
      }
    }
    this.#running = false
    for (const done of this.#idle.splice(0)) done()
  }

  /**
   * A signature and a sync cost as much for one record as for many: under load a batch waits while each turn of the event
   * loop brings more. One record alone never waits.
   */
  async #whileMoreCome(): Promise<void> {
    const { soon } = this.#options
    if (soon === undefined) return
    let before = 1
    for (let turn = 0; turn < MOST_TURNS; turn += 1) {
      const count = this.#queue.length
      if (count <= before || count >= LARGE_BATCH) return
      before = count
      await new Promise<void>(soon)
    }
  }

  /** What is queued, up to what one frame may hold. */
  #take(): Waiting[] {
    const room = this.#storage.largestFrame - LONGEST_NOTE
    let bytes = ROOM_IN_FRONT
    let count = 0
    for (const waiting of this.#queue) {
      bytes += mostBytes(waiting.bytes)
      if (count > 0 && (bytes > room || count === LARGEST_BATCH)) break
      count += 1
    }
    const batch = count === this.#queue.length ? this.#queue : this.#queue.slice(0, count)
    this.#queue = count === this.#queue.length ? [] : this.#queue.slice(count)
    for (const waiting of batch) this.#queueBytes -= waiting.bytes
    return batch
  }

  async #commit(taken: readonly Waiting[]): Promise<void> {
    const batch = this.#storage.room === 'all' ? taken : refuseOrdinary(taken)
    if (batch.length === 0) return
    const front = [...this.#front, ...this.#inFront()]
    const encoded = this.#encode(front, batch)
    if (await this.#reserve(batch)) {
      this.#front = []
      const hashes = encoded.map(hashOf)
      const bytes = this.#writer.end - HEADROOM
      const durable = await this.#makeDurable(new Growth(this.#edge, hashes))
      this.#edge = durable.growth.edge
      this.#head = undefined
      const { growth, note } = durable
      const payload = this.#options.twoPhase ? {} : { payload: this.#writer.written() }
      this.#options.onDurable?.({ first: growth.first, hashes, bytes, note, ...payload })
      answer(batch, durable, encoded)
      return
    }
    this.#front = front
    const finishing = refuseOrdinary(batch)
    if (finishing.length < batch.length) await this.#commit(finishing)
    else for (const { reject } of batch) reject(noRoom())
  }

  /** Nothing stands before leaf 0, which opens the chain. */
  #inFront(): readonly Entry[] {
    return this.#edge.size === 0 ? [] : (this.#options.beforeBatch?.() ?? [])
  }

  #encode(front: readonly Entry[], batch: readonly Waiting[]): Encoded[] {
    this.#writer.clear()
    const encoded = front.map((entry) => this.#writer.entry(entry))
    for (const { entry } of batch) encoded.push(this.#writer.entry(entry))
    return encoded
  }

  async #reserve(batch: readonly Waiting[]): Promise<boolean> {
    const bytes = this.#writer.end - HEADROOM + LONGEST_NOTE
    const finishes = batch.every(({ entry }) => entry.finishes === true)
    return this.#storage.reserve(this.#options.twoPhase ? 2 : 1, bytes, finishes)
  }

  async #makeDurable(growth: Growth): Promise<DurableBatch> {
    if (!this.#options.twoPhase) {
      const note = this.#sign(growth.size, growth.root)
      this.#writer.note(note)
      await this.#write('batch', growth)
      return new DurableBatch(growth, note)
    }
    await this.#write('leaves', growth)
    const note = this.#sign(growth.size, growth.root)
    this.#writer.clear()
    this.#writer.note(note)
    await this.#write('checkpoint', growth)
    return new DurableBatch(growth, note)
  }

  #write(type: FrameType, growth: Growth): Promise<void> {
    return this.#storage.append({
      type,
      first: type === 'checkpoint' ? growth.size : growth.first,
      count: type === 'checkpoint' ? 0 : growth.size - growth.first,
      buffer: this.#writer.buffer,
      start: HEADROOM,
      end: this.#writer.end,
    })
  }

  /** Nobody may be told "not recorded" any more, and nobody may write: the pages that failed may be gone. */
  #die(batch: readonly Waiting[], cause: unknown): void {
    const fault = new LedgerFault('the journal failed: whether the leaf was recorded is unknown', {
      cause,
    })
    this.#closed = fault
    for (const { reject } of [...batch, ...this.#queue.splice(0)]) reject(fault)
    this.#options.onFatal(fault)
  }
}

function hashOf(encoded: Encoded): TreeHash {
  return encoded.hash
}
