/** A lane of a log server with a list of who stands on it, from its first offset to what was its end when it was opened. */
import type { FoundChain } from '../ports/chain-source.ts'
import { LogUnavailable } from '../ports/log-transport.ts'
import type { Lane, LogReader, LogTransport, ReadMessage } from '../ports/log-transport.ts'
import { decodeCommit } from './message.ts'

export type ReadableLog = Pick<LogTransport, 'partitions' | 'openReader'>

const WAIT_MS = 1000
const MOST_TRIES = 10

interface OnLane {
  /** Offsets of its first and last message. */
  readonly first: number
  last: number
  /** The leaf behind its last commit, where each commit began behind the one before it; undefined where one did not. */
  due: number | undefined
}

export class OpenLane {
  readonly reader: LogReader
  readonly partition: number
  readonly #name: string
  readonly #chains = new Map<string | undefined, OnLane>()

  private constructor(reader: LogReader, { partition }: Lane, name: string) {
    this.reader = reader
    this.partition = partition
    this.#name = name
  }

  static async open(log: ReadableLog, lane: Lane, name: string): Promise<OpenLane> {
    const opened = new OpenLane(await log.openReader(lane), lane, name)
    for await (const message of opened.messages(0, Infinity)) opened.#list(message)
    return opened
  }

  #list({ key, offset, value }: ReadMessage): void {
    const known = this.#chains.get(key) ?? { first: offset, last: offset, due: 0 }
    this.#chains.set(key, known)
    known.last = offset
    const commit = decodeCommit(value)
    if (commit !== undefined) {
      known.due = commit.first === known.due ? commit.first + commit.count : undefined
    }
  }

  has(origin: string): boolean {
    return this.#chains.has(origin)
  }

  /** Whether no commit of it stands there twice, nor before its turn. */
  isStraight(origin: string): boolean {
    return this.#chains.get(origin)?.due !== undefined
  }

  chains(): FoundChain[] {
    const registry = /^[^/]+\/registry$/
    return [...this.#chains.keys()]
      .filter((origin) => origin === undefined || !registry.test(origin))
      .map((origin) => ({ origin, where: this.#name }))
  }

  /** Others may stand between its own. */
  of(origin: string): AsyncGenerator<ReadMessage> {
    const { first = 0, last = -1 } = this.#chains.get(origin) ?? {}
    return this.messages(first, last)
  }

  async at(offset: number): Promise<ReadMessage | undefined> {
    for await (const message of this.messages(offset, offset)) return message
    return undefined
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
