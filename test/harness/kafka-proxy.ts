/**
 * A real Kafka through a proxy that loses, delays and breaks off on command: what the fault broker does to itself, done to
 * the real one. Clients speak to it in the clear; upstream it shows a role's certificate. One request of a connection is
 * taken after the other, as a broker does.
 */
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import type { KafkaRole } from '../../deploy/services/kafka/access.ts'
import { after, before, Script, type Api } from './fault-broker/faults.ts'
import { frames } from './fault-broker/frames.ts'
import { VERSIONS } from './fault-broker/answers.ts'
import type { TestKafka } from './kafka-broker.ts'

const API_OF = new Map(Object.entries(VERSIONS).map(([api, [key]]) => [key, api as Api]))

export class KafkaProxy {
  readonly script = new Script()
  readonly #kafka: TestKafka
  readonly #role: KafkaRole
  readonly #sockets = new Set<Socket | TLSSocket>()
  readonly #server: Server

  private constructor(kafka: TestKafka, role: KafkaRole) {
    this.#kafka = kafka
    this.#role = role
    this.#server = createServer((client) => void this.#serve(client))
  }

  static async start(kafka: TestKafka, role: KafkaRole): Promise<KafkaProxy> {
    if (kafka.brokers.length !== 1) throw new RangeError('a proxy stands before one broker')
    const proxy = new KafkaProxy(kafka, role)
    await once(proxy.#server.listen(0, '127.0.0.1'), 'listening')
    return proxy
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  async stop(): Promise<void> {
    const closed = once(this.#server.close(), 'close')
    this.cut()
    await closed
  }

  /** Every connection ends; new ones are taken. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get #upstreamPort(): number {
    return Number(this.#kafka.brokers[0]?.split(':')[1])
  }

  async #serve(client: Socket): Promise<void> {
    const { minVersion, ...identity } = this.#kafka.access.tls(this.#role)
    const options = { host: '127.0.0.1', port: this.#upstreamPort, minVersion, ...identity }
    const broker = connect(options)
    for (const [one, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      this.#sockets.add(one)
      one.on('error', () => one.destroy())
      one.once('close', () => {
        this.#sockets.delete(one)
        other.destroy()
      })
    }
    try {
      const answers = frames(broker)
      for await (const request of frames(client)) await this.#pass(request, client, broker, answers)
    } catch {
      client.destroy()
    }
  }

  async #pass(
    request: Buffer,
    client: Socket,
    broker: TLSSocket,
    answers: AsyncGenerator<Buffer>,
  ): Promise<void> {
    const api = API_OF.get(request.readInt16BE(0))
    const fault = api === undefined ? undefined : this.script.take(api)
    if (fault?.kind === 'refuse' || fault?.kind === 'lie') {
      throw new RangeError(`a proxy can't make a real broker do this: ${fault.kind}`)
    }
    if (!(await before(fault, client))) return
    broker.write(framed(request))
    const answer = await answers.next()
    if (answer.done === true) return
    if (!(await after(fault, client))) return
    client.write(framed(this.#withOurPort(answer.value)))
  }

  /** The broker tells clients where it is (Metadata, FindCoordinator): they shall come through here. */
  #withOurPort(answer: Buffer): Buffer {
    const changed = Buffer.from(answer)
    const here = whereabouts(this.#port)
    const there = whereabouts(this.#upstreamPort)
    for (let at = changed.indexOf(there); at >= 0; at = changed.indexOf(there, at + 1)) {
      here.copy(changed, at)
    }
    return changed
  }
}

function framed(frame: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(frame.length)
  return Buffer.concat([length, frame])
}

/** A string with its length, then the port in four octets. */
function whereabouts(port: number): Buffer {
  const host = Buffer.from('\0\t127.0.0.1')
  const number = Buffer.alloc(4)
  number.writeInt32BE(port)
  return Buffer.concat([host, number])
}
