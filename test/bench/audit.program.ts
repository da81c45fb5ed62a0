/** Started by audit.ts: `audit.program.ts DATA ROUNDS`; prints the results as JSON. */
import { statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs'
import type { StatefulAuthorizationCall } from '@cedar-policy/cedar-wasm/nodejs'
import { makeJudge } from '../../adapters/cedar-engine/judge.ts'
import { verifyData } from '../../adapters/ledger-journal/verify-data.ts'
import { readLedger } from '../../deploy/read-ledger.ts'
import { replayLedger } from '../../deploy/replay-ledger.ts'
import { Replay } from '../../gateway/console/replay.ts'
import type { DecisionRecord } from '../../gateway/ledger/events.ts'
import { bookOfManifest } from '../../gateway/projections/book-of-manifest.ts'
import { documentCrypto } from '../../gateway/registry/agreement-signatures.ts'
import type { CedarInput, Evaluate } from '../../policies/cedar-input.ts'
import type { AuditResult } from './audit.ts'
import { hashChain } from './bare-hashes.ts'
import { median } from './median.ts'

const [data = '', rounds = '5'] = process.argv.slice(2)

interface Sample {
  readonly product: number
  readonly bare: number
}

let leaves = 0
const chains = readLedger(data).view.geneses.map(({ record }) => record.chain)
const asked = cedarInputs()
// One comparison after the other: V8 throws away the code of what has not run for some collections of the heap, and a replay makes many.
const results = [
  resultOf(
    'verify',
    await compared({ product: verifyAll, bare: hashAll, warming: 3, times: 5 }),
    leaves,
  ),
  resultOf(
    'replay',
    await compared({ product: replayAll, bare: judgeAll, warming: 1, times: 1 }),
    asked.length / 2,
  ),
]
process.stdout.write(JSON.stringify(results))

async function verifyAll(): Promise<void> {
  const { findings } = await verifyData({ data, now: Date.now() })
  if (findings.length > 0) throw new Error(`the journal has findings: ${JSON.stringify(findings)}`)
}

function hashAll(): void {
  leaves = chains.reduce((sum, origin) => sum + hashChain(data, origin), 0)
}

function replayAll(): void {
  const { counts } = replayLedger(data, () => undefined)
  if (counts.agree * 2 !== asked.length) throw new Error(`replay: ${JSON.stringify(counts)}`)
}

function judgeAll(): void {
  for (const call of asked) statefulIsAuthorized(call)
}

/** Every call of the judge that a replay makes. */
function cedarInputs(): StatefulAuthorizationCall[] {
  const calls: StatefulAuthorizationCall[] = []
  const ledger = readLedger(data)
  const replay = new Replay({
    view: ledger.view,
    bookOf: (manifest) => bookOfManifest(manifest, ledger.view, documentCrypto),
    judgeOf: (rules): Evaluate => {
      const judge = makeJudge(rules)
      return (side, input) => {
        calls.push(callOf(input))
        return judge(side, input)
      }
    },
  })
  ledger.exchangeLeaves(({ kind, record }) => {
    if (kind === 'intent' || kind === 'denial') replay.again(record as DecisionRecord)
  })
  return calls
}

function callOf(input: CedarInput): StatefulAuthorizationCall {
  const typing = {
    preparsedSchemaName: 'rules',
    preparsedPolicySetId: 'rules',
    validateRequest: true,
  }
  return { ...input, ...typing } as StatefulAuthorizationCall
}

/**
 * `warming`: rounds that do not count, in which compilers warm up and files come into memory. `times`: what is done in a moment is done
 * that often in a round.
 */
async function compared(its: {
  readonly product: () => Promise<void> | void
  readonly bare: () => void
  readonly warming: number
  readonly times: number
}): Promise<readonly Sample[]> {
  const samples: Sample[] = []
  for (let round = 1 - its.warming; round <= Number(rounds); round += 1) {
    const product = await secondsOf(its.product, its.times)
    const bare = await secondsOf(its.bare, its.times)
    if (round >= 1) samples.push({ product, bare })
  }
  return samples
}

/** Of one time, on average. */
async function secondsOf(work: () => Promise<void> | void, times: number): Promise<number> {
  const began = performance.now()
  for (let time = 0; time < times; time += 1) await work()
  return (performance.now() - began) / 1000 / times
}

function resultOf(name: AuditResult['name'], taken: readonly Sample[], count: number): AuditResult {
  return {
    name,
    count,
    perSecond: median(taken.map(({ product }) => count / product)),
    barePerSecond: median(taken.map(({ bare }) => count / bare)),
    ratioToBare: median(taken.map(({ product, bare }) => bare / product)),
  }
}
