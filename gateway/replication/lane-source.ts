/**
 * Chains read back from a log server, for an auditor who trusts it for nothing. A commit that stands there again with the same bytes is
 * a repeat (its outcome had been unknown); with others it is a fork. A commit that comes before its turn waits for the ones before it.
 */
import { hash } from 'node:crypto'
import type { Carried, Chunk, Part } from '../ledger/chunk.ts'
import type { Finding } from '../ledger/finding.ts'
import type { ChainSource, FoundChain } from '../ports/chain-source.ts'
import { LogUnavailable } from '../ports/log-transport.ts'
import type { Lane, LogReader, LogTransport, ReadMessage } from '../ports/log-transport.ts'
import { decodeCommit } from './message.ts'

export type ReadableLog = Pick<LogTransport, 'partitions' | 'openReader'>

const CHUNK_BYTES = 1024 * 1024
const WAIT_MS = 1000
const MOST_TRIES = 10

export function laneSource(log: ReadableLog): ChainSource {
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
        if (lane.has(origin)) yield* new ChainOnLane(lane, origin).run()
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

interface Waiting {
  readonly offset: number
  readonly first: number
  readonly count: number
  readonly payload: Buffer
}

class ChainOnLane {
  readonly #lane: OpenLane
  readonly #origin: string
  #due = 0
  /** By first index: digest of what was read. */
  readonly #seen = new Map<number, string>()
  readonly #early = new Map<number, Waiting>()
  #parts: Part[] = []
  #bytes: Buffer[] = []
  #length = 0

  constructor(lane: OpenLane, origin: string) {
    this.#lane = lane
    this.#origin = origin
  }

  async *run(): AsyncGenerator<Chunk> {
    for await (const message of this.#lane.of(this.#origin)) {
      if (message.key === this.#origin) this.#message(message)
      if (this.#length >= CHUNK_BYTES) yield this.#chunk()
    }
    const next = Math.min(...this.#early.keys())
    if (next !== Infinity) {
      const sentence = 'they are not there, though leaves behind them are'
      this.#damage({ kind: 'index-wrong', first: this.#due, last: next - 1, sentence }, true)
    }
    if (this.#parts.length > 0) yield this.#chunk()
  }

  #message({ offset, value }: ReadMessage): void {
    const commit = decodeCommit(value)
    if (commit === undefined) {
      const place = { first: this.#due, partition: this.#lane.partition }
      const sentence = `partition ${place.partition}, offset ${offset}: the message is no commit`
      this.#damage(
        { kind: 'frame-damaged', first: place.first, last: place.first, sentence },
        false,
      )
      return
    }
    if (this.#isRepeat(commit, offset)) return
    this.#early.set(commit.first, { offset, ...commit })
    for (
      let next = this.#early.get(this.#due);
      next !== undefined;
      next = this.#early.get(this.#due)
    ) {
      this.#early.delete(next.first)
      this.#take(next)
    }
  }

  /** True also where other bytes stand at an index that was read before: that was told then. */
  #isRepeat({ count, first, payload }: Omit<Waiting, 'offset'>, offset: number): boolean {
    const digest = hash('sha256', payload, 'base64url')
    const before = this.#seen.get(first)
    if (before === undefined && first >= this.#due) {
      this.#seen.set(first, digest)
      return false
    }
    if (before !== digest) {
      const sentence = `partition ${this.#lane.partition}, offset ${offset}: other bytes stand at leaves that were there before`
      this.#damage({ kind: 'fork', first, last: first + count - 1, sentence }, false)
    }
    return true
  }

  #take({ count, first, offset, payload }: Waiting): void {
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
