/**
 * A Kafka broker that does on command what a real one can't be made to do: it speaks enough of the protocol for kafkajs
 * 2.2.4 (producer, consumer with a group of one, `describeConfigs`, `fetchTopicOffsets`), in the clear, and keeps Kafka's
 * rule of idempotence.
 *
 *     const broker = await FaultBroker.start()
 *     broker.createTopic('ledger')
 *     broker.script.add('Produce', { kind: 'lose the response' })
 *     new Kafka({ brokers: [broker.address] })
 *     broker.partition('ledger').records()
 *
 * As a real broker does, it takes one request of a connection after the other.
 */
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { ANSWERS, VERSIONS, type Broker, type Topic, type Treatment } from './answers.ts'
import { Reader, Writer } from './bytes.ts'
import { after, before, Script, type Api, type Fault } from './faults.ts'
import { frames } from './frames.ts'
import { Partition } from './partition.ts'

const API_OF = new Map(Object.entries(VERSIONS).map(([api, [key]]) => [key, api as Api]))

export class FaultBroker {
  readonly script = new Script()
  readonly #topics = new Map<string, Topic>()
  readonly #seen = new Map<Api, number>()
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  #port = 0
  #producers = 0
  #news = promise()

  static async start(): Promise<FaultBroker> {
    const broker = new FaultBroker()
    await broker.start()
    return broker
  }

  /** Listens; a second time on the port it had. */
  async start(): Promise<void> {
    this.#server = createServer((socket) => void this.#serve(socket)).listen(
      this.#port,
      '127.0.0.1',
    )
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
  }

  /** Connections end and none is taken; what is stored stays. */
  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    server.close()
    this.cut()
    await once(server, 'close')
  }

  /** Every connection ends; new ones are taken. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  createTopic(
    name: string,
    how: { readonly partitions?: number; readonly settings?: Topic['settings'] } = {},
  ): void {
    const partitions = Array.from({ length: how.partitions ?? 1 }, () => new Partition())
    this.#topics.set(name, { partitions, settings: how.settings ?? {} })
  }

  partition(topic: string, id = 0): Partition {
    const partition = this.#topics.get(topic)?.partitions[id]
    if (partition === undefined) throw new RangeError(`there is no ${topic}/${id}`)
    return partition
  }

  /** How many requests of a kind have come. */
  seen(api: Api): number {
    return this.#seen.get(api) ?? 0
  }

  /** The id that the newest producer got. */
  get newestProducer(): number {
    return this.#producers
  }

  readonly #state: Broker = {
    port: () => this.#port,
    topics: this.#topics,
    newProducerId: () => (this.#producers += 1),
    news: async (ms) => {
      const waiting = new AbortController()
      const { signal } = waiting
      const late = pause(ms, undefined, { signal, ref: false }).catch(() => undefined)
      await Promise.race([this.#news.promise, late])
      waiting.abort()
    },
  }

  async #serve(socket: Socket): Promise<void> {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    try {
      for await (const request of frames(socket)) await this.#answer(socket, request)
    } catch {
      // A client that is gone or sent nonsense; a real broker hangs up as well.
      socket.destroy()
    }
  }

  async #answer(socket: Socket, frame: Buffer): Promise<void> {
    const request = new Reader(frame)
    const key = request.int16()
    const version = request.int16()
    const correlation = request.int32()
    request.string() // client id
    const api = API_OF.get(key)
    if (api === undefined || version > VERSIONS[api][1]) {
      throw new RangeError(`a request that is not spoken here: ${key} version ${version}`)
    }
    this.#seen.set(api, this.seen(api) + 1)
    const fault = this.script.take(api)
    if (!(await before(fault, socket))) return
    const answer = await ANSWERS[api](this.#state, request, treatment(fault))
    if (api === 'Produce') this.#tellNews()
    if (!(await after(fault, socket))) return
    const body = answer.done()
    const head = new Writer().int32(body.length + 4).int32(correlation)
    socket.write(Buffer.concat([head.done(), body]))
  }

  #tellNews(): void {
    this.#news.resolve()
    this.#news = promise()
  }
}

function treatment(fault: Fault | undefined): Treatment {
  if (fault?.kind === 'lie') return 'lie'
  return fault?.kind === 'refuse' ? { refuse: fault.code } : undefined
}

function promise(): {
  readonly promise: Promise<unknown>
  readonly resolve: (none?: unknown) => void
} {
  return Promise.withResolvers<unknown>()
}
