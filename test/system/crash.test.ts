import { hash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, expect, test } from '@jest/globals'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import type { Asked } from '../../deploy/demo/ask.ts'
import { readLedger } from '../../deploy/read-ledger.ts'
import type { DecisionRecord, OutcomeRecord } from '../../gateway/ledger/events.ts'
import { checkReceipt } from '../../gateway/ledger/check-receipt.ts'
import { audit, intentsOf, outcomesOf, pinnedKeys } from '../harness/audit.ts'
import { ask, headerOf, scenarioNamed, type System } from '../harness/system.ts'
import { until } from '../harness/until.ts'
import { crashingSystem, load, process, recoverAndJudge } from './crashing.ts'
import type { Crash, GatewayProcess } from './gateway-process.ts'

let system: System | undefined
const processes: GatewayProcess[] = []

async function started(crash?: Crash): Promise<{ system: System; gateway: GatewayProcess }> {
  system ??= await crashingSystem()
  const gateway = await process(system, crash)
  processes.push(gateway)
  return { system, gateway }
}

afterEach(async () => {
  for (const gateway of processes.splice(0)) {
    if (!gateway.isOver()) gateway.kill('SIGKILL')
    await gateway.ended
  }
  await system?.[Symbol.asyncDispose]()
  system = undefined
})

/** fdatasyncs from a start to the first exchange. */
const SYNCS_OF_A_START = 9

test('killed again and again under load, nothing that was answered is lost and every intent gets its outcome', async () => {
  const replies = []
  for (const [after, furtherMs] of [
    [3, 0],
    [20, 7],
    [9, 3],
  ]) {
    const { gateway, system } = await started()
    const killed = Promise.withResolvers<undefined>()
    const answered = async (count: number): Promise<void> => {
      if (count !== after) return
      await pause(furtherMs)
      gateway.kill('SIGKILL')
      killed.resolve(undefined)
    }
    replies.push(...(await load(system, gateway, 6, (count) => void answered(count))))
    await killed.promise
    expect(await recoverAndJudge(system, replies)).toEqual([])
  }
  expect(replies.length).toBeGreaterThanOrEqual(32)
}, 60_000)

test.each<Crash>([
  { at: 'write', number: 1 },
  { at: 'sync', number: 2 },
  { at: 'synced', number: 3 },
  { at: 'write', number: 6 },
  { at: 'synced', number: 9 },
])(
  'the very first start, killed at $at $number, is begun again by the next',
  async (crash) => {
    const { gateway, system } = await started(crash)
    expect([gateway.url, await gateway.ended]).toEqual([undefined, 'SIGKILL'])
    expect(await recoverAndJudge(system, [])).toEqual([])
  },
  60_000,
)

test('wherever a start is killed, the next one finds its way: a chain that never began is closed with nothing in it', async () => {
  const first = await started()
  await asked(first.gateway, 'S3')
  first.gateway.kill('SIGTERM')
  expect(await first.gateway.ended).toBe(0)
  for (let number = 1; number <= SYNCS_OF_A_START; number += 1) {
    const { gateway } = await started({ at: 'sync', number })
    expect(await gateway.ended).toBe('SIGKILL')
  }
  expect(await recoverAndJudge(first.system, [])).toEqual([])
  const { view } = readLedger(first.system.data)
  const ends = view.geneses.map(({ record }) => view.closures.get(record.chain)?.size)
  expect(ends.filter((size) => size === 0).length).toBeGreaterThan(0)
  // Each was opened once and has one successor.
  expect(view.geneses.map(({ record }) => record.n)).toEqual(view.geneses.map((_, at) => at + 1))
}, 60_000)

test('an exchange that was cut off in the middle gets unknown, in the next chain, once its deadline has passed', async () => {
  const { gateway, system } = await started()
  const { enrolment } = system.departments
  enrolment.answer = () => pause(60_000, { body: '' }, { ref: false })
  const cut = asked(gateway, 'S3').catch(() => undefined)
  await until(() => enrolment.received.length === 1, 'the provider is asked')
  gateway.kill('SIGKILL')
  await Promise.all([cut, gateway.ended])
  await system.start()
  const before = await audit(system.data)
  expect(outcomesOf(before.leaves)).toEqual([])
  await until(async () => outcomesOf((await audit(system.data)).leaves).length === 1, 'unknown')
  // Its consumer never had a receipt; it has one now.
  const { exchange } = intentsOf(before.leaves)[0]!
  const { consumer } = scenarioNamed('S3')
  const had = await system.ask({ consumer, path: `/exchange/receipts/${exchange}` })
  expect(checkReceipt(had.body, { keys: pinnedKeys(system.data) })).toMatchObject({
    kind: 'good',
    record: { exchange, outcome: 'unknown' },
  })
  await system.stop()
  const { findings, leaves } = await audit(system.data)
  expect(findings).toEqual([])
  const intent = leaves.find(({ kind }) => kind === 'intent')
  const outcome = leaves.find(({ kind }) => kind === 'outcome')
  const deadline = (intent?.record as DecisionRecord).deadline ?? 0
  expect(outcome?.chain).not.toBe(intent?.chain)
  expect(outcome?.record).toMatchObject({
    outcome: 'unknown',
    intent: intent?.index,
    intentChain: intent?.chain,
    fields: (intent?.record as DecisionRecord).fields,
  })
  expect((outcome?.record as OutcomeRecord).at).toBeGreaterThan(deadline)
}, 60_000)

test('a frame that was torn is cut off, kept aside, and recorded in the closure', async () => {
  const { gateway, system } = await started({ at: 'write', number: 90 })
  expect(gateway.url).toBeDefined()
  const replies = await load(system, gateway, 2)
  expect(await gateway.ended).toBe('SIGKILL')
  expect(await recoverAndJudge(system, replies)).toEqual([])
  const { view } = readLedger(system.data)
  const [torn] = view.geneses
  const closure = view.closures.get(torn?.record.chain ?? '')
  expect(closure).toMatchObject({ sealed: false, cut: {} })
  const folder = chainFolder(system.data, torn?.record.chain ?? '')
  const [name = ''] = readdirSync(folder).filter((file) => file.startsWith('cut-'))
  const bytes = readFileSync(join(folder, name))
  expect([hash('sha256', bytes, 'base64url'), bytes.length]).toEqual([
    closure?.cut?.hash,
    closure?.cut?.bytes,
  ])
}, 60_000)

test('on a full disk new exchanges are refused, those under way are finished, and what is recorded is whole', async () => {
  const { gateway, system } = await started()
  const { enrolment } = system.departments
  const { answer } = enrolment
  enrolment.answer = async (received) => {
    await pause(10)
    return answer(received)
  }
  const replies: Asked[] = []
  let isFull = false
  const caller = async (): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    while (!isFull) {
      const reply = await asked(gateway, 'S3', agent)
      replies.push(reply)
      isFull ||= reply.status !== 200
    }
    agent.destroy()
  }
  const callers = Array.from({ length: 16 }, caller)
  await until(() => replies.length > 0, 'the first reply')
  gateway.kill('SIGUSR2')
  await Promise.all(callers)
  const told = replies.map((one) => `${String(one.status)} ${headerOf(one, 'x-road-error')}`)
  expect([...new Set(told)].sort()).toEqual(['200 ', '503 Server.Ledger.Unavailable'])
  // Whoever was asked has answered, and each answer was recorded and has left.
  expect(told.filter((one) => one === '200 ')).toHaveLength(enrolment.received.length)
  gateway.kill('SIGTERM')
  expect(await gateway.ended).toBe(0)
  expect(await recoverAndJudge(system, answered(replies))).toEqual([])
  // It was stopped in good order: even the seal had room.
  const { leaves } = await audit(system.data)
  const [first] = readLedger(system.data).view.geneses
  expect(leaves.findLast(({ chain }) => chain === first?.record.chain)?.kind).toBe('seal')
}, 60_000)

function answered(replies: readonly Asked[]): readonly Asked[] {
  return replies.filter(({ status }) => status === 200)
}

function asked(gateway: GatewayProcess, name: string, agent?: Agent): Promise<Asked> {
  if (gateway.url === undefined || system === undefined) throw new Error(gateway.stderr())
  const scenario = scenarioNamed(name)
  const tls = system.world.identityOf('subsystem', scenario.consumer)
  return ask(gateway.url, tls, { ...scenario, ...(agent && { agent }) })
}
