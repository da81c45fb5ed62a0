/** Examines chunks on all cores. The first ones on this thread: a small ledger is judged before another thread has started. */
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Chunk, Part } from '../../gateway/ledger/chunk.ts'
import { Examiner } from '../../gateway/ledger/examine.ts'
import type { Examined, HowToExamine } from '../../gateway/ledger/examine.ts'

export interface Order {
  readonly number: number
  readonly bytes: ArrayBuffer
  readonly parts: readonly Part[]
  readonly how: HowToExamine
}

export interface Answer {
  readonly number: number
  readonly examined: Examined
}

export interface ExaminingThreads {
  readonly examine: (chunk: Chunk, how: HowToExamine) => Examined | Promise<Examined>
  /** How many chunks keep all of them busy. */
  readonly width: number
  close(): Promise<void>
}

/** Chunks of about 1 MB. */
const ON_THIS_THREAD = 6

/** `threads`: absent, one for each core. `here`: how many chunks are examined on this thread first. */
export function examiningThreads(
  threads = availableParallelism(),
  here = ON_THIS_THREAD,
): ExaminingThreads {
  const own = new Examiner()
  const others: Thread[] = []
  let begun = 0
  return {
    width: 2 * threads + 1,
    examine(chunk, how) {
      begun += 1
      if (threads < 2 || begun <= here) return own.examine(chunk, how)
      if (others.length < threads) others.push(new Thread())
      const idlest = others.reduce((best, each) => (each.waiting < best.waiting ? each : best))
      return idlest.examine(chunk, how)
    },
    async close() {
      await Promise.all(others.map((each) => each.close()))
    },
  }
}

class Thread {
  readonly #worker = new Worker(new URL('./examine.worker.ts', import.meta.url))
  readonly #waiting = new Map<number, PromiseWithResolvers<Examined>>()
  readonly #ended = once(this.#worker, 'exit')
  #number = 0
  #fault: unknown

  constructor() {
    this.#worker.on('message', ({ examined, number }: Answer) => {
      this.#waiting.get(number)?.resolve(examined)
      this.#waiting.delete(number)
    })
    // It ends with its first fault: what it was given, and will be, has that for an answer.
    this.#ended.catch(() => undefined)
    this.#worker.on('error', (fault) => {
      this.#fault = fault
      for (const { reject } of this.#waiting.values()) reject(fault)
      this.#waiting.clear()
    })
  }

  get waiting(): number {
    return this.#waiting.size
  }

  examine({ bytes, parts }: Chunk, how: HowToExamine): Promise<Examined> {
    if (this.#fault !== undefined) return Promise.reject(asError(this.#fault))
    const answer = Promise.withResolvers<Examined>()
    this.#number += 1
    this.#waiting.set(this.#number, answer)
    const memory = bytes.buffer as ArrayBuffer
    const order: Order = { number: this.#number, bytes: memory, parts, how }
    this.#worker.postMessage(order, [memory])
    return answer.promise
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
    await this.#ended.catch(() => undefined)
  }
}

function asError(fault: unknown): Error {
  return fault instanceof Error ? fault : new Error('a thread failed', { cause: fault })
}
