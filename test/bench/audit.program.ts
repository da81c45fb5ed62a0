/** Started by audit.ts: `audit.program.ts DATA ROUNDS`; prints the results as JSON. */
import { hash } from 'node:crypto'
import { statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs'
import type { StatefulAuthorizationCall } from '@cedar-policy/cedar-wasm/nodejs'
import { makeJudge } from '../../adapters/cedar-engine/judge.ts'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import { readChain } from '../../adapters/ledger-journal/read-chain.ts'
import { verifyData } from '../../adapters/ledger-journal/verify-data.ts'
import { readLedger } from '../../deploy/read-ledger.ts'
import { replayLedger } from '../../deploy/replay-ledger.ts'
import { Replay } from '../../gateway/console/replay.ts'
import type { DecisionRecord } from '../../gateway/ledger/events.ts'
import { hasRow, publicRow, type RowKind } from '../../gateway/ledger/public-row.ts'
import { bookOfManifest } from '../../gateway/projections/book-of-manifest.ts'
import { documentCrypto } from '../../gateway/registry/agreement-signatures.ts'
import type { CedarInput, Evaluate } from '../../policies/cedar-input.ts'
import type { AuditResult } from './audit.ts'
import { median } from './median.ts'

const [data = '', rounds = '5'] = process.argv.slice(2)

interface Sample {
  readonly product: number
  readonly bare: number
}

let leaves = 0
const hashed = hashedBytes()
const asked = cedarInputs()
const samples = { verify: [] as Sample[], replay: [] as Sample[] }
// The first round is not counted: compilers warm up, files come into memory.
for (let round = 0; round <= Number(rounds); round += 1) {
  const verify = { product: await secondsOf(verifyAll), bare: await secondsOf(hashAll) }
  const replay = { product: await secondsOf(replayAll), bare: await secondsOf(judgeAll) }
  if (round === 0) continue
  samples.verify.push(verify)
  samples.replay.push(replay)
}
const results = [
  resultOf('verify', leaves, samples.verify),
  resultOf('replay', asked.length / 2, samples.replay),
]
process.stdout.write(JSON.stringify(results))

async function verifyAll(): Promise<void> {
  const { findings } = await verifyData({ data, now: Date.now() })
  if (findings.length > 0) throw new Error(`the journal has findings: ${JSON.stringify(findings)}`)
}

/** Record, leaf, public row and, for all but one leaf, a node of the tree: what nobody can verify without. */
function hashAll(): void {
  const node = Buffer.alloc(65, 1)
  for (const bytes of hashed) hash('sha256', bytes, 'binary')
  for (let count = 1; count < leaves; count += 1) hash('sha256', node, 'binary')
}

function replayAll(): void {
  const { counts } = replayLedger(data, () => undefined)
  if (counts.agree * 2 !== asked.length) throw new Error(`replay: ${JSON.stringify(counts)}`)
}

function judgeAll(): void {
  for (const call of asked) statefulIsAuthorized(call)
}

/** Of every leaf of the exchange chains, what is hashed: the record, the leaf behind its prefix 0x00, and the row behind its salt. */
function hashedBytes(): Buffer[] {
  const bytes: Buffer[] = []
  for (const { record } of readLedger(data).view.geneses) {
    readChain({
      folder: chainFolder(data, record.chain),
      origin: record.chain,
      twoPhase: false,
      visit: ({ leaf, leafText, record }) => {
        leaves += 1
        bytes.push(Buffer.from(record), Buffer.from(`\0${leafText}`))
        if (hasRow(leaf.kind)) bytes.push(saltedRow(leaf.kind, record))
      },
    })
  }
  return bytes
}

function saltedRow(kind: RowKind, text: string): Buffer {
  const record = JSON.parse(text) as DecisionRecord
  return Buffer.concat([
    Buffer.from(record.salt, 'base64url'),
    Buffer.from(publicRow(kind, record)),
  ])
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

async function secondsOf(work: () => Promise<void> | void): Promise<number> {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1000
}

function resultOf(name: AuditResult['name'], count: number, taken: readonly Sample[]): AuditResult {
  return {
    name,
    count,
    perSecond: median(taken.map(({ product }) => count / product)),
    barePerSecond: median(taken.map(({ bare }) => count / bare)),
    ratioToBare: median(taken.map(({ product, bare }) => bare / product)),
  }
}
