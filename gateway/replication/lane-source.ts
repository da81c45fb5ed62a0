/**
 * Chains read back from a log server, for an auditor who trusts it for nothing. A commit that stands there again with the same bytes is
 * a repeat (its outcome had been unknown); with others, signed by the chain's own key, it is a fork. A commit that comes before its turn
 * waits for the ones before it.
 */
import type { Carried, Chunk, Part } from '../ledger/chunk.ts'
import type { Finding } from '../ledger/finding.ts'
import type { TreeHash } from '../ledger/hash.ts'
import { EMPTY_EDGE, Growth, type Edge } from '../ledger/tree.ts'
import type { Commit } from '../ports/chain-journal.ts'
import type { ChainSource } from '../ports/chain-source.ts'
import type { Lane, ReadMessage } from '../ports/log-transport.ts'
import { claimOf, Contest, otherOf, type IsSigned, type Other } from './contest.ts'
import { decodeCommit } from './message.ts'
import { OpenLane, type ReadableLog } from './open-lane.ts'
import { signedLeaves } from './signed-leaves.ts'
import { TurnOfCommits, type ReadCommit } from './turn-of-commits.ts'

const CHUNK_BYTES = 1024 * 1024
/** A gateway notices within seconds what Kafka lost of its commits, and sends it again behind the newer ones. */
const MOST_EARLY_BYTES = 256 * 1024 * 1024

export function laneSource(
  log: ReadableLog,
  isSigned: (origin: string, commit: Commit) => boolean,
): ChainSource {
  const lanes = new Map<string, OpenLane>()
  const opened = async (): Promise<readonly OpenLane[]> => {
    for (const lane of lanesOf(log.partitions)) {
      const name = `${lane.topic}/${String(lane.partition)}`
      if (!lanes.has(name)) lanes.set(name, await OpenLane.open(log, lane, name))
    }
    return [...lanes.values()]
  }
  return {
    async chains() {
      return (await opened()).flatMap((lane) => lane.chains())
    },
    async *read(origin) {
      for (const lane of await opened()) {
        if (lane.has(origin)) {
          yield* new ChainOnLane(lane, origin, (commit) => isSigned(origin, commit)).run()
        }
      }
    },
    async close() {
      for (const lane of lanes.values()) await lane.reader.close()
    },
  }
}

function lanesOf(partitions: number): Lane[] {
  const exchange = Array.from({ length: partitions }, (_, partition): Lane => ({
    topic: 'exchange',
    partition,
  }))
  return [{ topic: 'registry', partition: 0 }, ...exchange]
}

interface Contested {
  /** By first leaf: of commits that came where others were. */
  readonly offsets: ReadonlyMap<number, readonly number[]>
  /** Sizes of the chain of which one that may not be its own says something. */
  readonly ends: Set<number>
}

class ChainOnLane {
  readonly #lane: OpenLane
  readonly #origin: string
  readonly #isSigned: IsSigned
  readonly #turn = new TurnOfCommits()
  #contested: Contested = { offsets: new Map(), ends: new Set() }
  readonly #settled = new Set<number>()
  /** Of what was taken; kept only where something is contested. */
  #edge: Edge | undefined = EMPTY_EDGE
  /** By size, where somebody else says something of it. */
  readonly #ownRoots = new Map<number, TreeHash | undefined>()
  /** By offset. */
  readonly #others = new Map<number, Other>()
  #parts: Part[] = []
  #bytes: Buffer[] = []
  #length = 0

  constructor(lane: OpenLane, origin: string, isSigned: IsSigned) {
    this.#lane = lane
    this.#origin = origin
    this.#isSigned = isSigned
  }

  async *run(): AsyncGenerator<Chunk> {
    if (!this.#lane.isStraight(this.#origin)) this.#contested = await this.#findContested()
    for await (const message of this.#messages()) {
      this.#message(message)
      for (let next = this.#turn.next(); next !== undefined; next = this.#turn.next()) {
        const isContested = this.#contested.offsets.has(next.first)
        this.#take(isContested ? await this.#settle(next) : next)
      }
      if (this.#length >= CHUNK_BYTES) yield this.#chunk()
      // What is missing in front of so much does not come any more.
      if (this.#turn.earlyBytes > MOST_EARLY_BYTES) break
    }
    this.#left()
    this.#judge()
    if (this.#parts.length > 0) yield this.#chunk()
  }

  async *#messages(): AsyncGenerator<ReadMessage> {
    for await (const message of this.#lane.of(this.#origin)) {
      if (message.key === this.#origin) yield message
    }
  }

  /** Read once in advance: which of two is the chain's own must be known before one of them is handed on. */
  async #findContested(): Promise<Contested> {
    const offsets = new Map<number, number[]>()
    const ends = new Set<number>()
    const turn = new TurnOfCommits()
    for await (const message of this.#messages()) {
      const commit = commitOf(message)
      if (commit !== undefined && turn.add(commit) === 'other') {
        ends.add(commit.first + commit.count)
        const known = offsets.get(commit.first)
        if (known === undefined) offsets.set(commit.first, [commit.offset])
        else known.push(commit.offset)
      }
      for (let next = turn.next(); next !== undefined; next = turn.next()) turn.take(next)
      if (turn.earlyBytes > MOST_EARLY_BYTES) break
    }
    for (const { count, first } of turn.left()) ends.add(first + count)
    return { offsets, ends }
  }

  #message(message: ReadMessage): void {
    const commit = commitOf(message)
    if (commit === undefined) {
      const sentence = `${this.#at(message.offset)}: the message is no commit`
      const { due } = this.#turn
      this.#damage({ kind: 'frame-damaged', first: due, last: due, sentence }, false)
      return
    }
    if (this.#turn.add(commit) === 'other' && !this.#settled.has(commit.offset)) {
      this.#other(otherOf(commit, this.#isSigned))
    }
  }

  async #settle(one: ReadCommit): Promise<ReadCommit> {
    const contest = new Contest(one, this.#edge, this.#isSigned)
    for (const offset of this.#contested.offsets.get(one.first) ?? []) {
      this.#settled.add(offset)
      this.#others.delete(offset)
      const message = offset === one.offset ? undefined : await this.#lane.at(offset)
      const commit = message && commitOf(message)
      if (commit !== undefined) contest.add(commit)
    }
    for (const other of contest.others()) this.#other(other)
    return contest.own
  }

  /** What waited for its turn in vain. */
  #left(): void {
    let next = Infinity
    for (const commit of this.#turn.left()) {
      if (commit.first < this.#turn.due) this.#other(otherOf(commit, this.#isSigned))
      else next = Math.min(next, commit.first)
    }
    if (next === Infinity) return
    const sentence = 'they are not there, though leaves behind them are'
    const first = this.#turn.due
    this.#damage({ kind: 'index-wrong', first, last: next - 1, sentence }, true)
  }

  #other(other: Other): void {
    this.#others.set(other.offset, other)
    if (other.claim !== undefined) this.#contested.ends.add(other.claim.size)
  }

  /**
   * When all was read, since the chain's own checkpoint for as many leaves may come later: anyone can copy it. One that says something
   * else of as many leaves is a fork.
   */
  #judge(): void {
    for (const other of [...this.#others.values()].sort((a, b) => a.offset - b.offset)) {
      const { claim } = other
      const isCopied = claim?.root !== undefined && this.#ownRoots.get(claim.size) === claim.root
      this.#tell(other, claim === undefined || isCopied ? 'foreign' : 'fork')
    }
  }

  #tell({ count, first, offset }: Other, kind: 'fork' | 'foreign'): void {
    const what = kind === 'fork' ? 'other bytes' : 'bytes that the key of the chain did not sign'
    const sentence = `${this.#at(offset)}: ${what} stand at these leaves as well`
    this.#damage({ kind, first, last: first + count - 1, sentence }, false)
  }

  #at(offset: number): string {
    return `partition ${this.#lane.partition}, offset ${offset}`
  }

  #take(commit: ReadCommit): void {
    this.#turn.take(commit)
    if (this.#contested.offsets.size > 0) this.#edge = grown(this.#edge, commit)
    const { count, first, offset, payload } = commit
    if (this.#contested.ends.has(first + count)) {
      this.#ownRoots.set(first + count, claimOf(commit, this.#isSigned)?.root)
    }
    const end = this.#length + payload.length
    const place = { segment: this.#lane.partition, offset }
    const part: Carried = { type: 'batch', first, count, start: this.#length, end, ...place }
    this.#parts.push(part)
    this.#bytes.push(payload)
    this.#length = end
  }

  #damage(finding: Omit<Finding, 'chain'>, ends: boolean): void {
    this.#parts.push({ type: 'damage', finding: { chain: this.#origin, ...finding }, ends })
  }

  #chunk(): Chunk {
    const own = Buffer.from(new ArrayBuffer(this.#length))
    let at = 0
    for (const piece of this.#bytes) at += piece.copy(own, at)
    const chunk = { bytes: own, parts: this.#parts }
    this.#parts = []
    this.#bytes = []
    this.#length = 0
    return chunk
  }
}

function commitOf({ offset, value }: ReadMessage): ReadCommit | undefined {
  const commit = decodeCommit(value)
  return commit === undefined || value === undefined ? undefined : { ...commit, offset, value }
}

function grown(edge: Edge | undefined, commit: Commit): Edge | undefined {
  const carried = signedLeaves(commit)
  return edge && carried && new Growth(edge, carried.hashes).edge
}
