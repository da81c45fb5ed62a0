import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { PersonalRecord } from '../../gateway/erasure/parts.ts'
import type { DecisionRecord } from '../../gateway/ledger/events.ts'
import type { ExchangeId } from '../../policies/vocabulary.ts'
import type { Reached } from './personal-records.ts'

export type ReadingTask =
  | {
      readonly what: 'persons'
      readonly data: string
      readonly subjects: ReadonlySet<string>
      readonly reached: Reached | undefined
    }
  | { readonly what: 'decision'; readonly data: string; readonly exchange: ExchangeId }

export async function readPersons(
  data: string,
  subjects: ReadonlySet<string>,
  reached?: Reached,
): Promise<readonly PersonalRecord[]> {
  return (await read({ what: 'persons', data, subjects, reached })) as readonly PersonalRecord[]
}

export async function readDecision(
  data: string,
  exchange: ExchangeId,
): Promise<DecisionRecord | undefined> {
  return (await read({ what: 'decision', data, exchange })) as DecisionRecord | undefined
}

/** Throws what the thread threw. */
async function read(task: ReadingTask): Promise<unknown> {
  const worker = new Worker(new URL('read.worker.ts', import.meta.url), { workerData: task })
  try {
    const [answer] = (await once(worker, 'message')) as [unknown]
    return answer
  } finally {
    await worker.terminate()
  }
}
