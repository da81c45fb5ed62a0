/** A lane of a log server with a list of who stands on it, from its first offset to what was its end when it was opened. */
import type { FoundChain } from '../ports/chain-source.ts'
import { LogUnavailable } from '../ports/log-transport.ts'
import type { Lane, LogReader, LogTransport, ReadMessage } from '../ports/log-transport.ts'
import { isRegistry, nameOf } from './lane-of.ts'

export type ReadableLog = Pick<LogTransport, 'partitions' | 'openReader'>

const WAIT_MS = 1000
const MOST_TRIES = 10

export class OpenLane {
  readonly reader: LogReader
  readonly partition: number
  readonly name: string
  /** By origin: the offsets of its first and last message. */
  readonly #chains = new Map<string | undefined, { readonly first: number; last: number }>()

  private constructor(reader: LogReader, lane: Lane) {
    this.reader = reader
    this.partition = lane.partition
    this.name = nameOf(lane)
  }

  static async open(log: ReadableLog, lane: Lane): Promise<OpenLane> {
    const opened = new OpenLane(await log.openReader(lane), lane)
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
    return [...this.#chains.keys()]
      .filter((origin) => origin === undefined || !isRegistry(origin))
      .map((origin) => ({ origin, where: this.name }))
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
