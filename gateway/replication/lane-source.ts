/**
 * Chains read back from a log server, for an auditor who trusts it for nothing. A commit that stands there again with the same bytes is
 * a repeat (its outcome had been unknown); with others, signed by the chain's own key, it is a fork. A commit that comes before its turn
 * waits for the ones before it.
 */
import type { Carried, Chunk, Part } from '../ledger/chunk.ts'
import type { Finding } from '../ledger/finding.ts'
import type { Commit } from '../ports/chain-journal.ts'
import type { ChainSource, FoundChain } from '../ports/chain-source.ts'
import { LogUnavailable } from '../ports/log-transport.ts'
import type { Lane, LogReader, LogTransport, ReadMessage } from '../ports/log-transport.ts'
import { decodeCommit } from './message.ts'
import { SeenCommits } from './seen-commits.ts'

export type ReadableLog = Pick<LogTransport, 'partitions' | 'openReader'>

const CHUNK_BYTES = 1024 * 1024
const WAIT_MS = 1000
const MOST_TRIES = 10
/** A gateway notices within seconds what Kafka lost of its commits, and sends it again behind the newer ones. */
const MOST_EARLY_BYTES = 256 * 1024 * 1024

/** Whether a commit carries a checkpoint over it by the chain's own key. */
type IsSigned = (origin: string, commit: Commit) => boolean

export function laneSource(log: ReadableLog, isSigned: IsSigned): ChainSource {
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
        if (lane.has(origin)) yield* new ChainOnLane(lane, origin, isSigned).run()
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

/** A lane with a list of who stands on it, from its first offset to what was its end when it was opened. */
class OpenLane {
  readonly reader: LogReader
  readonly partition: number
  readonly #name: string
  /** By origin: the offsets of its first and last message. */
  readonly #chains = new Map<string | undefined, { readonly first: number; last: number }>()

  private constructor(reader: LogReader, { partition }: Lane, name: string) {
    this.reader = reader
    this.partition = partition
    this.#name = name
  }

  static async open(log: ReadableLog, lane: Lane, name: string): Promise<OpenLane> {
    const opened = new OpenLane(await log.openReader(lane), lane, name)
    for await (const { key, offset } of opened.messages(0, Infinity)) {
      const known = opened.#chains.get(key)
      if (known === undefined) opened.#chains.set(key, { first: offset, last: offset })
      else known.last = offset
    }
    return opened
  }

  has(origin: string): boolean {
    return this.#chains.has(origin)
  }

  chains(): FoundChain[] {
    const registry = /^[^/]+\/registry$/
    return [...this.#chains.keys()]
      .filter((origin) => origin === undefined || !registry.test(origin))
      .map((origin) => ({ origin, where: this.#name }))
  }

  of(origin: string): AsyncGenerator<ReadMessage> {
    const { first = 0, last = -1 } = this.#chains.get(origin) ?? {}
    return this.messages(first, last)
  }

  messages(from: number, to: number): AsyncGenerator<ReadMessage> {
    return messagesOf(this.reader, from, to)
  }
}

/** From one offset to another, or to what is the end when it begins. */
export async function* messagesOf(
  reader: LogReader,
  from: number,
  to: number,
): AsyncGenerator<ReadMessage> {
  let offset = from
  let end = to + 1
  let tries = 0
  while (offset < end) {
    const { high, messages, next } = await reader.read(offset, WAIT_MS)
    end = Math.min(end, high)
    for (const message of messages) if (message.offset < end) yield message
    tries = next > offset ? 0 : tries + 1
    if (tries > MOST_TRIES) throw new LogUnavailable('the server does not give what it has')
    offset = next
  }
}

interface Waiting extends Commit {
  readonly offset: number
  /** The whole message. */
  readonly value: Buffer
}

class ChainOnLane {
  readonly #lane: OpenLane
  readonly #origin: string
  readonly #isSigned: IsSigned
  #due = 0
  readonly #seen = new SeenCommits()
  readonly #early = new Map<number, Waiting>()
  #earlyBytes = 0
  #parts: Part[] = []
  #bytes: Buffer[] = []
  #length = 0

  constructor(lane: OpenLane, origin: string, isSigned: IsSigned) {
    this.#lane = lane
    this.#origin = origin
    this.#isSigned = isSigned
  }

  async *run(): AsyncGenerator<Chunk> {
    for await (const message of this.#lane.of(this.#origin)) {
      if (message.key === this.#origin) this.#message(message)
      if (this.#length >= CHUNK_BYTES) yield this.#chunk()
      // What is missing in front of so much does not come any more.
      if (this.#earlyBytes > MOST_EARLY_BYTES) break
    }
    this.#left()
    if (this.#parts.length > 0) yield this.#chunk()
  }

  #message({ offset, value }: ReadMessage): void {
    const commit = decodeCommit(value)
    if (commit === undefined || value === undefined) {
      const sentence = `${this.#at(offset)}: the message is no commit`
      this.#damage({ kind: 'frame-damaged', first: this.#due, last: this.#due, sentence }, false)
      return
    }
    const before = this.#early.get(commit.first)
    if (commit.first < this.#due || before !== undefined) {
      const isSame = before?.value.equals(value) ?? this.#seen.has(commit.first, value)
      if (!isSame) this.#other(commit, offset)
      return
    }
    this.#wait({ ...commit, offset, value })
    for (
      let next = this.#early.get(this.#due);
      next !== undefined;
      next = this.#early.get(this.#due)
    ) {
      this.#early.delete(next.first)
      this.#earlyBytes -= next.value.length
      this.#take(next)
    }
  }

  #wait(commit: Waiting): void {
    this.#early.set(commit.first, commit)
    this.#earlyBytes += commit.value.length
  }

  /** What waited for its turn in vain. */
  #left(): void {
    let next = Infinity
    for (const commit of this.#early.values()) {
      if (commit.first < this.#due) this.#other(commit, commit.offset)
      else next = Math.min(next, commit.first)
    }
    if (next === Infinity) return
    const sentence = 'they are not there, though leaves behind them are'
    this.#damage({ kind: 'index-wrong', first: this.#due, last: next - 1, sentence }, true)
  }

  #other(commit: Commit, offset: number): void {
    const { count, first } = commit
    const isFork = this.#isSigned(this.#origin, commit)
    const what = isFork ? 'other bytes' : 'bytes that the key of the chain did not sign'
    const sentence = `${this.#at(offset)}: ${what} stand at leaves that were there before`
    const kind = isFork ? 'fork' : 'foreign'
    this.#damage({ kind, first, last: first + count - 1, sentence }, false)
  }

  #at(offset: number): string {
    return `partition ${this.#lane.partition}, offset ${offset}`
  }

  #take({ count, first, offset, payload, value }: Waiting): void {
    this.#seen.add(first, value)
    const end = this.#length + payload.length
    const place = { segment: this.#lane.partition, offset }
    const part: Carried = { type: 'batch', first, count, start: this.#length, end, ...place }
    this.#parts.push(part)
    this.#bytes.push(payload)
    this.#length = end
    this.#due = first + count
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
