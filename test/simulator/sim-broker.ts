/**
 * A log server in a simulated world, as Kafka is known to behave (log-formats §3): it stores all of a send or nothing, may lose its
 * answer, repeat what was sent, delay it until long after the sender gave up, be away, or lose its end. It never lies about content.
 */
import {
  LogUnavailable,
  type Lane,
  type LogMessage,
  type LogReader,
  type LogSender,
  type LogTransport,
  type ReadMessage,
} from '../../gateway/ports/log-transport.ts'
import type { Random } from './random.ts'
import type { Schedule } from './schedule.ts'
import type { BROKER_MOODS } from './steps.ts'

export type Mood = (typeof BROKER_MOODS)[number]

/** What a send waits for at most before it is rejected. */
const SEND_MS = 3_000

export class SimBroker {
  mood: Mood = 'well'
  readonly #schedule: Schedule
  readonly #random: Random
  readonly #lanes = new Map<string, ReadMessage[]>()

  constructor(schedule: Schedule, random: Random) {
    this.#schedule = schedule
    this.#random = random
  }

  stored(lane: Lane): readonly ReadMessage[] {
    return this.#lane(lane)
  }

  transport(): LogTransport {
    return {
      partitions: 1,
      check: async () => {
        await this.#answer()
        return []
      },
      openSender: async () => {
        await this.#answer()
        return this.#sender()
      },
      openReader: async (lane) => {
        await this.#answer()
        return this.#reader(lane)
      },
    }
  }

  #lane({ partition, topic }: Lane): ReadMessage[] {
    const name = `${topic}/${partition}`
    const known = this.#lanes.get(name) ?? []
    this.#lanes.set(name, known)
    return known
  }

  async #answer(): Promise<void> {
    await this.#schedule.sleep(this.#time())
    if (this.mood === 'away') throw new LogUnavailable('the log server is away')
  }

  #time(): number {
    return this.mood === 'slow' ? this.#random.between(300, 2_500) : this.#random.next() * 4
  }

  #sender(): LogSender {
    let isBusy = false
    let isSpent = false
    return {
      send: async (lane, messages) => {
        if (isBusy || isSpent) throw new Error('a sender was used twice at once, or once more')
        isBusy = true
        try {
          await this.#send(lane, messages)
        } catch (fault) {
          isSpent = true
          throw fault
        } finally {
          isBusy = false
        }
      },
      close: async () => {
        isSpent = true
      },
    }
  }

  async #send(lane: Lane, messages: readonly LogMessage[]): Promise<void> {
    const { mood } = this
    if (mood === 'away') return this.#rejected()
    if (mood === 'late' && this.#random.isLess(0.5)) {
      // It arrives after all, when its sender has given up and perhaps sent it again.
      this.#schedule.after(this.#random.between(SEND_MS, 3 * SEND_MS), () => {
        this.#store(lane, messages)
      })
      return this.#rejected()
    }
    await this.#schedule.sleep(this.#time())
    this.#store(lane, messages)
    if (mood === 'repeats' && this.#random.isLess(0.5)) this.#store(lane, messages)
    if (mood === 'loses answers' && this.#random.isLess(0.5)) return this.#rejected()
    await this.#schedule.sleep(this.#time())
  }

  async #rejected(): Promise<never> {
    await this.#schedule.sleep(SEND_MS)
    throw new LogUnavailable('no answer')
  }

  #store(lane: Lane, messages: readonly LogMessage[]): void {
    const stored = this.#lane(lane)
    for (const { key, value } of messages) {
      stored.push({ offset: stored.length, key, value: Buffer.from(value) })
    }
  }

  #reader(lane: Lane): LogReader {
    return {
      read: async (offset, waitMs) => {
        await this.#answer()
        const stored = this.#lane(lane)
        if (stored.length <= offset && waitMs > 0) await this.#schedule.sleep(waitMs)
        if (this.mood === 'away') throw new LogUnavailable('the log server is away')
        const messages = stored.slice(offset, offset + 50)
        return { messages, next: offset + messages.length, low: 0, high: stored.length }
      },
      close: async () => undefined,
    }
  }
}
