/** Examines chunks on all cores. The first ones on this thread, until another has started: a small ledger is judged by then. */
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { setImmediate as turn } from 'node:timers/promises'
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

/** What a thread tells when it has loaded its code, which takes longer than some chunks. */
export const READY = 'ready'

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

/** Chunks of about 1 MB. Loading its code costs another thread what twenty of them cost this one. */
const ON_THIS_THREAD = 24

/**
 * `threads`: absent, one for each core. `here`: how many chunks are examined on this thread before others are started; with 0 none ever
 * is, however long the others take.
 */
export function examiningThreads(
  threads = availableParallelism(),
  here = ON_THIS_THREAD,
): ExaminingThreads {
  const own = new Examiner()
  const others: Thread[] = []
  let begun = 0
  const elsewhere = async (chunk: Chunk, how: HowToExamine): Promise<Examined> => {
    // Whether one has started is told between two turns.
    await turn()
    const idlest = others
      .filter(({ isReady }) => isReady || here === 0)
      .toSorted((left, right) => left.waiting - right.waiting)[0]
    return idlest === undefined ? own.examine(chunk, how) : idlest.examine(chunk, how)
  }
  return {
    width: 2 * threads + 1,
    examine(chunk, how) {
      begun += 1
      if (threads < 2 || begun <= here) return own.examine(chunk, how)
      while (others.length < threads) others.push(new Thread())
      return elsewhere(chunk, how)
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
  #isReady = false

  constructor() {
    this.#worker.on('message', (told: Answer | typeof READY) => {
      if (told === READY) {
        this.#isReady = true
        return
      }
      this.#waiting.get(told.number)?.resolve(told.examined)
      this.#waiting.delete(told.number)
    })
    // It ends with its first fault: what it was given, and will be, has that for an answer.
    this.#ended.catch(() => undefined)
    this.#worker.on('error', (fault) => {
      this.#fault = fault
      for (const { reject } of this.#waiting.values()) reject(fault)
      this.#waiting.clear()
    })
  }

  get isReady(): boolean {
    return this.#isReady
  }

  get waiting(): number {
    return this.#waiting.size
  }

  examine({ bytes, parts }: Chunk, how: HowToExamine): Promise<Examined> {
    if (this.#fault !== undefined) return Promise.reject(asError(this.#fault))
    const answer = Promise.withResolvers<Examined>()
    this.#number += 1
    this.#waiting.set(this.#number, answer)
    const memory = memoryOf(bytes)
    const order: Order = { number: this.#number, bytes: memory, parts, how }
    this.#worker.postMessage(order, [memory])
    return answer.promise
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
    await this.#ended.catch(() => undefined)
  }
}

/** Whoever reads the chunks beside it keeps what they stand in. */
function memoryOf(bytes: Buffer): ArrayBuffer {
  const { buffer } = bytes
  const isAll = buffer.byteLength === bytes.length && buffer instanceof ArrayBuffer
  return isAll ? buffer : new Uint8Array(bytes).buffer
}

function asError(fault: unknown): Error {
  return fault instanceof Error ? fault : new Error('a thread failed', { cause: fault })
}
