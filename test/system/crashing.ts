/** Rounds of load, kill and recovery, with what must hold after each; for the tests and for the campaign. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { GatewayConfig } from '../../deploy/config.ts'
import type { ReplicationConfig } from '../../deploy/config/replication.ts'
import { readLedger, type LedgerReader } from '../../deploy/read-ledger.ts'
import type { Asked } from '../../deploy/demo/ask.ts'
import { checkReceipt } from '../../gateway/ledger/check-receipt.ts'
import { audit, intentsOf, outcomesOf, pinnedKeys } from '../harness/audit.ts'
import { ask, headerOf, scenarioNamed, startSystem, type System } from '../harness/system.ts'
import { until } from '../harness/until.ts'
import { startProcess, type Crash, type GatewayProcess } from './gateway-process.ts'

/** Short, so that a round does not wait long for what a crash left open. */
export const DEADLINE_MS = 700

export function crashingSystem(replication?: ReplicationConfig): Promise<System> {
  const config = (): Partial<GatewayConfig> => ({ ...(replication && { replication }) })
  return startSystem({ start: false, prepare: shortenDeadlines, config })
}

function shortenDeadlines(data: string): void {
  const folder = join(data, 'documents', 'services')
  for (const name of readdirSync(folder)) {
    const file = join(folder, name)
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replace(/"deadlineMs": \d+/, `"deadlineMs": ${String(DEADLINE_MS)}`))
  }
}

export function process(
  system: System,
  crash?: Crash,
  replication?: ReplicationConfig,
): Promise<GatewayProcess> {
  const addresses = [...system.departments.addresses].map(([id, url]) => [id, url.href] as const)
  return startProcess({
    data: system.data,
    addresses,
    ...(crash && { crash }),
    ...(replication && { replication }),
  })
}

const LOAD = ['S3', 'household', 'S1', 'S1 payerName', 'S3 icd10'] as const

/** Asks until the process is gone; answers every whole reply that came. */
export async function load(
  system: System,
  gateway: GatewayProcess,
  callers: number,
  answered: (count: number) => void = () => undefined,
): Promise<readonly Asked[]> {
  const { url } = gateway
  if (url === undefined) return []
  const replies: Asked[] = []
  const caller = async (first: number): Promise<void> => {
    for (let at = first; !gateway.isOver(); at += 1) {
      const scenario = scenarioNamed(LOAD[at % LOAD.length] ?? 'S3')
      const tls = system.world.identityOf('subsystem', scenario.consumer)
      // Who is cut off in the middle has no reply: whether it was recorded is for the journal to say.
      const asked = await ask(url, tls, scenario).catch(() => undefined)
      if (asked !== undefined) answered(replies.push(asked))
    }
  }
  await Promise.all(Array.from({ length: callers }, (_, at) => caller(at)))
  return replies
}

/** What is wrong after the next incarnation has recovered; empty: nothing. Leaves the system stopped. */
export async function recoverAndJudge(
  system: System,
  replies: readonly Asked[],
): Promise<readonly string[]> {
  await system.start()
  const reader = readLedger(system.data)
  const isOver = (): boolean => openIn(reader).length === 0
  // Each look reads the whole ledger, in the process that writes it.
  await until(isOver, 'an outcome for every intent', { every: 200, within: 60_000 })
  await system.stop()
  const { findings, leaves, replay } = await audit(system.data)
  const faults = findings.map(({ chain, kind, sentence }) => `${chain}: ${kind}: ${sentence}`)
  if (replay.differ + replay.undecidable + replay.stale > 0) {
    faults.push(`replay: ${JSON.stringify(replay)}`)
  }
  const asked = new Set(intentsOf(leaves).map(({ exchange }) => String(exchange)))
  const ended = new Map(outcomesOf(leaves).map((one) => [String(one.exchange), one.outcome]))
  for (const reply of replies) faults.push(...misrecorded(system, reply, ended))
  for (const { received } of Object.values(departmentsOf(system))) {
    const unknown = received.filter(({ headers }) => !asked.has(String(headers['exchange-id'])))
    if (unknown.length > 0) faults.push(`${String(unknown.length)} asked without an intent`)
  }
  return faults
}

/** Exchanges with an intent and no outcome. */
function openIn({ exchangeLeaves }: LedgerReader): readonly string[] {
  const open = new Set<string>()
  exchangeLeaves(({ kind, record }) => {
    const { exchange } = record as { exchange?: string }
    if (exchange === undefined) return
    if (kind === 'intent') open.add(exchange)
    if (kind === 'outcome') open.delete(exchange)
  })
  return [...open]
}

function departmentsOf({ departments }: System): System['departments']['income'][] {
  return [departments.enrolment, departments.income, departments.household]
}

function misrecorded(
  system: System,
  reply: Asked,
  ended: ReadonlyMap<string, string>,
): readonly string[] {
  const exchange = headerOf(reply, 'exchange-id')
  const outcome = ended.get(exchange)
  const receipt = checkReceipt(headerOf(reply, 'exchange-receipt'), {
    keys: pinnedKeys(system.data),
  })
  return [
    ...(reply.status === 200 && outcome !== 'released'
      ? [`${exchange} was answered, and is ${outcome ?? 'not'} on record`]
      : []),
    ...(receipt.kind === 'bad' ? [`the receipt of ${exchange} is ${receipt.why}`] : []),
  ]
}
