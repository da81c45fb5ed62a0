/**
 * How fast `gongdao verify` is against a bare loop of the same hashes, on one core, and on all:
 *
 *     node test/bench/verify-speed.program.ts [exchanges] [connections] [cycles]
 *
 * A journal is written by the real commit loop from that many callers at once; then the bare loop and the verifier run in turn.
 * CPU time, but wall time of all cores. `hashes` is SHA-256 over every record, leaf, commitment, node of the tree and root of a
 * checkpoint; `signatures` an Ed25519 verification for each checkpoint, which no verifier but `--quick` can leave out.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { journalSource } from '../../adapters/ledger-journal/chain-source.ts'
import { verifyData } from '../../adapters/ledger-journal/verify-data.ts'
import type { VerifyOptions } from '../../adapters/ledger-journal/verify-data.ts'
import { examiningThreads } from '../../adapters/verify-threads/examining-threads.ts'
import { verify } from '../../gateway/console/verify.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { noteKey, parseNote, signersOf } from '../../gateway/ledger/note.ts'
import { ED25519 } from '../../gateway/ledger/signer.ts'
import {
  KEYS,
  REGISTRY,
  THEN,
  exchange,
  exchangeOrigin,
  gateway,
  openOn,
  putGenesis,
  putInstance,
  putOpening,
} from '../harness/small-ledger.ts'
import { hashChain } from './bare-hashes.ts'

const [exchanges = 20_000, connections = 64, cycles = 5] = process.argv.slice(2).map(Number)
const ORIGIN = exchangeOrigin(1)

const data = mkdtempSync(join(tmpdir(), 'gongdao-verify-'))
await writeLedger()
const quick = { every: 32, offset: 5 }
const ratios = {
  hashes: [] as number[],
  signed: [] as number[],
  quick: [] as number[],
  wall: [] as number[],
}
let checkpoints = 0
let leaves = 0
/** Not counted: compilers warm up. */
const WARMING = 3
for (let cycle = 1 - WARMING; cycle <= cycles; cycle += 1) {
  const bare = cpu(() => bareLoop(false))
  const signed = cpu(() => bareLoop(true))
  const whole = await verified({})
  const sampled = await verified({ sample: quick })
  if (cycle < 1) continue
  ratios.hashes.push(bare / whole)
  ratios.signed.push(signed / whole)
  ratios.quick.push(bare / sampled)
  console.log(
    `cycle ${cycle}: µs per leaf: ${each(bare)} hashes, ${each(signed)} with signatures, ${each(whole)} verify, ${each(sampled)} verify --quick`,
  )
}
// By themselves: each time other threads start, load their code and end.
for (let cycle = 1; cycle <= cycles; cycle += 1) {
  const [signed, all] = [wall(() => bareLoop(true)), await onAllCores()]
  ratios.wall.push(signed / all)
  console.log(`cycle ${cycle}: µs per leaf (wall): ${each(signed)} bare, ${each(all)} verify`)
}
rmSync(data, { recursive: true })
console.log(
  `${leaves} leaves, ${(leaves / checkpoints).toFixed(1)} a checkpoint. Of a core's bare loop: ` +
    `verify ${median(ratios.hashes)} of the hashes, ${median(ratios.signed)} of hashes and signatures; ` +
    `--quick ${median(ratios.quick)} of the hashes; all cores ${median(ratios.wall)} of hashes and signatures (wall)`,
)

function each(microseconds: number): string {
  return (microseconds / leaves).toFixed(1)
}

async function verified(how: Pick<VerifyOptions, 'sample'>): Promise<number> {
  const started = process.cpuUsage()
  const { counts, findings } = await verifyData({ data, keys: KEYS, now: THEN, ...how })
  const { system, user } = process.cpuUsage(started)
  if (findings[0] !== undefined) throw new Error(findings[0].sentence)
  checkpoints = counts.checkpoints
  leaves = counts.leaves
  return user + system
}

async function onAllCores(): Promise<number> {
  const { close, examine, width } = examiningThreads()
  const source = journalSource({ data, instance: 'T' })
  const started = performance.now()
  await verify({ source, keys: parsePinnedKeys(KEYS), now: THEN, examine, width })
  const microseconds = (performance.now() - started) * 1000
  await close()
  return microseconds
}

async function writeLedger(): Promise<void> {
  const { chain: registry } = await openOn(data, REGISTRY)
  await putInstance(registry)
  const segmentBytes = 16 * 1024 * 1024
  const { chain } = await openOn(data, ORIGIN, { soon: setImmediate, segmentBytes })
  await putOpening(chain, await putGenesis(registry, 1), 1)
  let number = 0
  const client = async (): Promise<void> => {
    while (number < exchanges) await exchange(chain, (number += 1))
  }
  await Promise.all(Array.from({ length: connections }, client))
  await chain.close()
  await registry.close()
}

function bareLoop(signatures: boolean): void {
  const key = noteKey(ORIGIN, ED25519, gateway.publicKey)
  hashChain(data, ORIGIN, (text) => {
    if (!signatures) return
    const note = parseNote(text)
    if (note === undefined || signersOf(note, [key])?.length !== 1) throw new Error('signature')
  })
}

function cpu(work: () => void): number {
  const started = process.cpuUsage()
  work()
  const { system, user } = process.cpuUsage(started)
  return user + system
}

function wall(work: () => void): number {
  const started = performance.now()
  work()
  return (performance.now() - started) * 1000
}

function median(values: readonly number[]): string {
  return (
    values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0
  ).toFixed(2)
}
