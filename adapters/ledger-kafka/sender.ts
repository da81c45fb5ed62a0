/**
 * One idempotent producer, from its first send to its first rejection.
 *
 * INVARIANT: one `send()` outstanding. kafkajs 2.2.4 rolls its sequence number back when an answer is lost; a second send under way
 * would then be taken for a duplicate of the first: acknowledged, and not stored. After a rejection the same happens to the next
 * send, so the producer is not used again (log-formats §0, finding 1).
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Producer } from 'kafkajs'
import { LogUnavailable } from '../../gateway/ports/log-transport.ts'
import type { Lane, LogMessage, LogSender } from '../../gateway/ports/log-transport.ts'
import { KafkaClient, ONE_RETRY } from './client.ts'
import { faultWord } from './fault-words.ts'
import { CompressionTypes } from './kafkajs.ts'
import type { KafkaTransportOptions } from './transport-options.ts'
import { topicName } from './topics.ts'

/** How long a politely closed connection may take. */
const CLOSE_MS = 500

export async function openSender(options: KafkaTransportOptions): Promise<LogSender> {
  const client = new KafkaClient(options.writer, options.times)
  const producer = client.kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    retry: ONE_RETRY,
  })
  try {
    await client.within(producer.connect())
  } catch (fault) {
    client.cut()
    throw new LogUnavailable(`no producer: ${faultWord(fault)}`)
  }
  return new KafkaSender(client, producer, options)
}

class KafkaSender implements LogSender {
  readonly #client: KafkaClient
  readonly #producer: Producer
  readonly #options: KafkaTransportOptions
  #state: 'idle' | 'sending' | 'spent' = 'idle'

  constructor(client: KafkaClient, producer: Producer, options: KafkaTransportOptions) {
    this.#client = client
    this.#producer = producer
    this.#options = options
  }

  async send(lane: Lane, messages: readonly LogMessage[]): Promise<void> {
    if (this.#state !== 'idle') throw new Error(`this sender is ${this.#state}`)
    this.#state = 'sending'
    const { partition } = lane
    try {
      const sending = this.#producer.send({
        topic: topicName(this.#options.prefix, lane.topic),
        acks: -1,
        // The broker gives up before we do: its answer, not our clock, should end a send.
        timeout: Math.ceil(this.#options.times.requestMs * 0.6),
        compression: CompressionTypes.None,
        messages: messages.map(({ key, value }) => ({ key, value, partition })),
      })
      await this.#client.within(sending)
    } catch (fault) {
      this.#state = 'spent'
      throw new LogUnavailable(`the outcome of a send is unknown: ${faultWord(fault)}`)
    }
    this.#state = 'idle'
  }

  async close(): Promise<void> {
    if (this.#state === 'idle') {
      const leaving = this.#producer.disconnect().catch(() => undefined)
      await Promise.race([leaving, pause(CLOSE_MS, undefined, { ref: false })])
    }
    this.#state = 'spent'
    this.#client.cut()
  }
}
