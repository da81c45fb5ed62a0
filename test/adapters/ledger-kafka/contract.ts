/**
 * What kafkajs 2.2.4 does where an answer is lost (log-formats, finding 1). Run against the real broker and against the
 * fault broker: so long as both agree, the model is true, and so long as the first tests hold, single flight and a new
 * producer after each rejection are what stands between us and a loss.
 */
import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { Kafka, logLevel, type Producer } from 'kafkajs'
import type { BrokerUnderTest } from '../../harness/broker-under-test.ts'
import { testNeeding } from '../../house/needs.ts'

const REQUEST_TIMEOUT_MS = 400
const LOST = ['lose the response', 'close after', 'lose the request', 'close before'] as const

export interface Subject {
  readonly name: string
  /** A program without which the tests are skipped. */
  readonly needs: string
  readonly open: () => Promise<BrokerUnderTest>
  readonly isHere: boolean
}

export function kafkajsContract(subject: Subject): void {
  const promise = testNeeding(subject.needs)
  let broker: BrokerUnderTest
  beforeAll(async () => {
    if (subject.isHere) broker = await subject.open()
  }, 90_000)
  afterAll(async () => {
    if (subject.isHere) await broker.stop()
  })

  describe(`kafkajs on ${subject.name}`, () => {
    promise(
      'stores concurrent sends once each where nothing is lost, in whatever order',
      async () => {
        await withTopic(async ({ topic, send, producer }) => {
          const values = Array.from({ length: 20 }, (_, index) => String(index))
          await Promise.all(values.map((value) => send(producer, value)))
          expect((await broker.stored(topic)).sort()).toEqual([...values, 'warm'].sort())
        })
      },
    )

    promise(
      'ACK AND LOSE: of concurrent sends after a lost answer, at least one is acknowledged and absent',
      async () => {
        await withTopic(async ({ topic, send, producer }) => {
          broker.script.add('Produce', { kind: 'lose the response' })
          await Promise.all(['A', 'B', 'C', 'D'].map((value) => send(producer, value)))
          const stored = await broker.stored(topic)
          // Which of them, and how many, depends on who comes first.
          const lost = ['A', 'B', 'C', 'D'].filter((value) => !stored.includes(value))
          expect(lost.length).toBeGreaterThanOrEqual(1)
        })
      },
    )

    promise(
      'ACK AND LOSE: after a rejected send the next one on the same producer is acknowledged and absent',
      async () => {
        await withTopic(
          async ({ topic, send, producer }) => {
            loseTwice('lose the response')
            await expect(send(producer, 'A')).rejects.toThrow()
            await send(producer, 'B')
            expect(await broker.stored(topic)).toEqual(['warm', 'A'])
          },
          { retries: 1 },
        )
      },
    )

    promise(
      'a batch of another size is refused for its sequence after a rejected send',
      async () => {
        await withTopic(
          async ({ topic, send, producer }) => {
            loseTwice('lose the response')
            await expect(send(producer, 'A')).rejects.toThrow()
            await expect(send(producer, 'B', 'C')).rejects.toThrow(/out of order|sequence/i)
            expect(await broker.stored(topic)).toEqual(['warm', 'A'])
          },
          { retries: 1 },
        )
      },
    )

    for (const kind of LOST) {
      promise(`RIGHT: one send at a time is stored once and in order (${kind})`, async () => {
        await withTopic(async ({ topic, send, producer }) => {
          broker.script.add('Produce', { kind })
          for (const value of ['A', 'B', 'C', 'D']) await send(producer, value)
          expect(await broker.stored(topic)).toEqual(['warm', 'A', 'B', 'C', 'D'])
        })
      })

      promise(`RIGHT: a new producer after a rejection loses nothing (${kind})`, async () => {
        await withTopic(
          async ({ topic, send, producer, another }) => {
            loseTwice(kind)
            await expect(send(producer, 'A')).rejects.toThrow()
            const stored = await broker.stored(topic)
            const next = await another()
            for (const value of ['A', 'B', 'C'].filter((one) => !stored.includes(one))) {
              await send(next, value)
            }
            expect(await broker.stored(topic)).toEqual(['warm', 'A', 'B', 'C'])
          },
          { retries: 1 },
        )
      })
    }

    promise('a slow answer within the timeout is only slow', async () => {
      await withTopic(async ({ topic, send, producer }) => {
        broker.script.add('Produce', { kind: 'answer late', ms: 100 }, { kind: 'do late', ms: 100 })
        for (const value of ['A', 'B']) await send(producer, value)
        expect(await broker.stored(topic)).toEqual(['warm', 'A', 'B'])
      })
    })
  })

  /** More often than kafkajs tries with `retries: 1`, which is the least that it accepts: the send is rejected. */
  function loseTwice(kind: (typeof LOST)[number]): void {
    broker.script.add('Produce', { kind }, { kind })
  }

  interface Scene {
    readonly topic: string
    readonly producer: Producer
    readonly another: () => Promise<Producer>
    readonly send: (producer: Producer, ...values: readonly string[]) => Promise<unknown>
  }

  /** A topic of its own with one record in it, written by a producer that is connected. */
  async function withTopic(
    play: (scene: Scene) => Promise<void>,
    { retries = 5 }: { readonly retries?: number } = {},
  ): Promise<void> {
    const topic = `contract-${randomUUID()}`
    await broker.createTopic(topic)
    const producers: Producer[] = []
    const another = async (): Promise<Producer> => {
      const producer = new Kafka({
        brokers: [broker.address],
        requestTimeout: REQUEST_TIMEOUT_MS,
        retry: { retries, initialRetryTime: 50, maxRetryTime: 100 },
        logLevel: logLevel.NOTHING,
      }).producer({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false })
      producers.push(producer)
      await producer.connect()
      return producer
    }
    const send: Scene['send'] = (producer, ...values) =>
      producer.send({
        topic,
        acks: -1,
        timeout: REQUEST_TIMEOUT_MS / 2,
        messages: values.map((value) => ({ partition: 0, value })),
      })
    const producer = await another()
    await send(producer, 'warm')
    try {
      await play({ topic, producer, another, send })
    } finally {
      broker.script.clear()
      await Promise.all(producers.map((one) => one.disconnect()))
    }
  }
}
