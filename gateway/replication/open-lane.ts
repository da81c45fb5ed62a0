/** A lane of a log server with a list of who stands on it, from its first offset to what was its end when it was last looked at. */
import type { FoundChain } from '../ports/chain-source.ts'
import { LogUnavailable } from '../ports/log-transport.ts'
import type { Lane, LogReader, LogTransport, ReadMessage } from '../ports/log-transport.ts'
import { isRegistry, nameOf } from './lane-of.ts'

export type ReadableLog = Pick<LogTransport, 'partitions' | 'openReader'>

/** Every message of one chain on a lane, as listed when it was asked for, and what stands close to those. */
export interface Stretch {
  readonly partition: number
  messages(): AsyncGenerator<ReadMessage>
}

interface Run {
  readonly first: number
  last: number
}

/**
 * Messages. What stands between two of a chain is read with them up to so many, and is passed over where it is more: whoever writes a chain's
 * name far away from it must not make everybody read all in between.
 */
const MOST_BETWEEN = 1000
const WAIT_MS = 1000
const MOST_TRIES = 10

export class OpenLane {
  readonly reader: LogReader
  readonly partition: number
  readonly name: string
  /** By origin: the offsets of its first and last message of each run, in order. */
  readonly #chains = new Map<string | undefined, Run[]>()
  /** Where the list ends. */
  #next = 0

  private constructor(reader: LogReader, lane: Lane) {
    this.reader = reader
    this.partition = lane.partition
    this.name = nameOf(lane)
  }

  static async open(log: ReadableLog, lane: Lane): Promise<OpenLane> {
    return new OpenLane(await log.openReader(lane), lane)
  }

  /** Takes into its list what has come since. */
  async look(): Promise<void> {
    for await (const { key, offset } of messagesOf(this.reader, this.#next, Infinity)) {
      const runs = this.#chains.get(key)
      const run = runs?.at(-1)
      if (runs === undefined) this.#chains.set(key, [{ first: offset, last: offset }])
      else if (run === undefined || offset - run.last > MOST_BETWEEN)
        runs.push({ first: offset, last: offset })
      else run.last = offset
      this.#next = offset + 1
    }
  }

  /** Offset of the newest message in its list; -1 where there is none. */
  get last(): number {
    return this.#next - 1
  }

  chains(): FoundChain[] {
    return [...this.#chains.keys()]
      .filter((origin) => origin === undefined || !isRegistry(origin))
      .map((origin) => ({ origin, where: this.name }))
  }

  /** Undefined where nothing stands under its name. */
  stretch(origin: string): Stretch | undefined {
    const listed = this.#chains.get(origin)?.map((run) => ({ ...run }))
    if (listed === undefined) return undefined
    return { partition: this.partition, messages: () => messagesIn(this.reader, listed) }
  }
}

async function* messagesIn(
  reader: LogReader,
  runs: readonly Run[],
): AsyncGenerator<ReadMessage, void> {
  for (const { first, last } of runs) yield* messagesOf(reader, first, last)
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
    const { high, messages, next } = await reader.read(offset, tries === 0 ? 0 : WAIT_MS)
    end = Math.min(end, high)
    for (const message of messages) if (message.offset < end) yield message
    tries = next > offset ? 0 : tries + 1
    if (tries > MOST_TRIES) throw new LogUnavailable('the server does not give what it has')
    offset = next
  }
}
