/**
 * How fast a journal is replayed, compared with a bare loop of the very same cedar-wasm calls in the same process: reading, hashing,
 * comparing and everything else is what the difference costs.
 *
 *     node test/bench/replay-speed.ts [--exchanges N] [--rounds N]
 */
import { parseArgs } from 'node:util'
import { makeJudge } from '../../adapters/cedar-engine/judge.ts'
import { readLedger } from '../../deploy/read-ledger.ts'
import { replayLedger } from '../../deploy/replay-ledger.ts'
import type { DecisionRecord } from '../../gateway/ledger/events.ts'
import { bookOfManifest } from '../../gateway/projections/book-of-manifest.ts'
import { documentCrypto } from '../../gateway/registry/agreement-signatures.ts'
import type { CedarInput, Evaluate } from '../../policies/cedar-input.ts'
import { decide } from '../../policies/decide.ts'
import type { Side } from '../../policies/question.ts'
import { scenarioNamed, startSystem, type System } from '../harness/system.ts'

const { values } = parseArgs({
  options: {
    exchanges: { type: 'string', default: '600' },
    rounds: { type: 'string', default: '5' },
  },
})
const LOAD = ['S3', 'S1', 'S1 payerName', 'household', 'S3 icd10']

const system = await startSystem()
try {
  await fill(system, Number(values.exchanges))
  await system.stop()
  const calls = callsOf(system.data)
  const [bare, replayed] = [[], []] as [number[], number[]]
  for (let round = 0; round < Number(values.rounds); round += 1) {
    bare.push(timed(() => bareLoop(calls)))
    replayed.push(timed(() => replayLedger(system.data, () => undefined)))
  }
  const { decisions } = calls
  const line = (name: string, ms: number): string =>
    `${name}: ${((decisions / ms) * 1000).toFixed(0)} decisions/s`
  const [loop, replay] = [median(bare), median(replayed)]
  process.stdout.write(
    [
      `${String(decisions)} decisions, ${String(calls.inputs.length)} cedar-wasm calls, medians of ${values.rounds}`,
      line('bare loop of cedar-wasm', loop),
      line('replay', replay),
      `ratio ${(loop / replay).toFixed(2)} (to reach: 0.70)`,
      '',
    ].join('\n'),
  )
  process.exitCode = loop / replay >= 0.7 ? 0 : 1
} finally {
  await system[Symbol.asyncDispose]()
}

async function fill(filled: System, exchanges: number): Promise<void> {
  for (let done = 0; done < exchanges; done += 8) {
    const names = Array.from({ length: 8 }, (_, at) => LOAD[(done + at) % LOAD.length] ?? 'S3')
    await Promise.all(names.map((name) => filled.run(scenarioNamed(name).name)))
  }
}

interface Calls {
  readonly decisions: number
  readonly judge: Evaluate
  readonly inputs: readonly (readonly [Side, CedarInput])[]
}

/** What replay asks the judge, written down once. */
function callsOf(data: string): Calls {
  const { exchangeLeaves, view } = readLedger(data)
  const manifest = view.newest()
  if (manifest === undefined) throw new Error('no manifest')
  const book = bookOfManifest(manifest, view, documentCrypto)
  const judge = makeJudge(book.rules)
  const inputs: [Side, CedarInput][] = []
  let decisions = 0
  const listening: Evaluate = (side, input) => {
    inputs.push([side, input])
    return judge(side, input)
  }
  exchangeLeaves(({ kind, record }) => {
    if (kind !== 'intent' && kind !== 'denial') return
    decisions += 1
    decide((record as DecisionRecord).question, book, listening)
  })
  return { decisions, judge, inputs }
}

function bareLoop({ inputs, judge }: Calls): void {
  for (const [side, input] of inputs) judge(side, input)
}

function timed(work: () => void): number {
  const began = performance.now()
  work()
  return performance.now() - began
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0
}
