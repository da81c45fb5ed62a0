/** A kafkajs client whose sockets are ours: it can be ended at once, whatever the server does. */
import * as net from 'node:net'
import * as tls from 'node:tls'
import type { ISocketFactoryArgs } from 'kafkajs'
import { kafkaConfig, type KafkaConnection } from './connection.ts'
import { Kafka } from './kafkajs.ts'

export interface KafkaTimes {
  readonly connectMs: number
  /** How long a broker may take for one request; a broker that hangs is given up after twice this and a bit. */
  readonly requestMs: number
}

/**
 * kafkajs does not look for a new leader when a request times out, so waiting for a hung one must be short: with 3 s and one retry a
 * leader that hangs costs 6 to 7 s, with the defaults 39 s.
 */
export const KAFKA_TIMES: KafkaTimes = { connectMs: 3000, requestMs: 3000 }

const SLACK_MS = 500

/** All of it, always: where a member is missing kafkajs has defaults that depend on NODE_ENV. */
export const ONE_RETRY = {
  retries: 1,
  initialRetryTime: 100,
  maxRetryTime: 1000,
  factor: 0.2,
  multiplier: 2,
} as const

export class KafkaClient {
  readonly kafka: InstanceType<typeof Kafka>
  readonly #sockets = new Set<net.Socket>()
  readonly #requestMs: number
  #isClosed = false

  constructor(connection: KafkaConnection, times: KafkaTimes) {
    this.#requestMs = times.requestMs
    // Every message names its partition.
    process.env['KAFKAJS_NO_PARTITIONER_WARNING'] = '1'
    this.kafka = new Kafka({
      ...kafkaConfig(connection),
      connectionTimeout: times.connectMs,
      authenticationTimeout: times.requestMs,
      requestTimeout: times.requestMs,
      enforceRequestTimeout: true,
      retry: ONE_RETRY,
      socketFactory: (where) => this.#socket(where),
    })
  }

  #socket({ host, onConnect, port, ssl }: ISocketFactoryArgs): net.Socket {
    // kafkajs hands over null where there is no TLS, whatever its types say.
    const options = ssl as tls.ConnectionOptions | null
    const name = net.isIP(host) === 0 ? { servername: host } : {}
    const socket =
      options === null
        ? net.connect({ host, port }, onConnect)
        : tls.connect({ host, port, ...name, ...options }, onConnect)
    socket.setKeepAlive(true, 60_000)
    socket.setNoDelay(true)
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    if (this.#isClosed) socket.destroy(given())
    return socket
  }

  /**
   * kafkajs may try for longer than anybody waits (reconnecting has retries of its own): past two requests and a bit the work is given up
   * with all its sockets.
   */
  async within<T>(work: Promise<T>, furtherMs = 0): Promise<T> {
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(
      () => {
        this.cut()
        late.reject(given())
      },
      2 * this.#requestMs + SLACK_MS + furtherMs,
    )
    try {
      return await Promise.race([work, late.promise])
    } finally {
      clearTimeout(timer)
      // It may still fail when nobody waits any more.
      work.catch(() => undefined)
    }
  }

  /** What is under way is given up. */
  cut(): void {
    this.#isClosed = true
    for (const socket of this.#sockets) socket.destroy(given())
  }
}

/** kafkajs hears of an error only, and would look after the requests of a socket that merely closed for ever. */
function given(): Error {
  return new Error('given up')
}
