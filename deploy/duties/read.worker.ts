/** Reads the chains on a thread of its own: a gateway answers exchanges meanwhile. */
import { parentPort, workerData } from 'node:worker_threads'
import type { DecisionRecord } from '../../gateway/ledger/events.ts'
import { readLedger } from '../read-ledger.ts'
import { personalRecords } from './personal-records.ts'
import type { ReadingTask } from './read-in-worker.ts'

const task = workerData as ReadingTask

parentPort?.postMessage(
  task.what === 'persons'
    ? personalRecords(task.data, task.subjects, task.reached)
    : decisionOf(task.data, task.exchange),
)

function decisionOf(data: string, exchange: string): DecisionRecord | undefined {
  let found: DecisionRecord | undefined
  readLedger(data).exchangeLeaves(({ kind, record }) => {
    if (kind !== 'intent' && kind !== 'denial') return
    const decision = record as DecisionRecord
    if (decision.exchange === exchange) found = decision
  })
  return found
}
