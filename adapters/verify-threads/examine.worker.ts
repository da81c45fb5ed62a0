/** One thread that examines chunks, each answered with what can be said of it alone. */
import { parentPort } from 'node:worker_threads'
import { Examiner } from '../../gateway/ledger/examine.ts'
import { READY } from './examining-threads.ts'
import type { Answer, Order } from './examining-threads.ts'

const examiner = new Examiner()

parentPort?.on('message', ({ bytes, how, number, parts }: Order) => {
  const chunk = { bytes: Buffer.from(bytes), parts }
  const answer: Answer = { number, examined: examiner.examine(chunk, how) }
  const { hashes, times } = answer.examined
  parentPort?.postMessage(answer, [hashes.buffer as ArrayBuffer, times.buffer as ArrayBuffer])
})

parentPort?.postMessage(READY)
