/** Erasure where several gateways share a registry: each has keys of its own, and the registrar writes the leaves of all. */
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { knockAtDutyDoor } from '../../adapters/duty-socket/duty-socket.ts'
import { officersCommand } from '../../deploy/commands/officers.ts'
import { checkKeys } from '../../deploy/duties/check-duties.ts'
import { checkOrders } from '../harness/check-orders.ts'
import type { Saying } from '../../deploy/duties/duties.ts'
import { writeOfficers } from '../../deploy/duties/officers-file.ts'
import { readLedger } from '../../deploy/read-ledger.ts'
import { freePorts } from '../../deploy/services/free-ports.ts'
import type { ErasureRecord } from '../../gateway/ledger/duty-events.ts'
import { canonicalJson } from '../../policies/canonical-json.ts'
import { audit, intentsOf } from '../harness/audit.ts'
import { furtherGateway, type FurtherGateway } from '../harness/further-gateway.ts'
import { GATEWAY, headerOf, startSystem, type System } from '../harness/system.ts'
import { until } from '../harness/until.ts'
import { filesWith, HER, secretsIn } from './about-her.ts'
import { appointOfficers, carryOut, OFFICERS, order } from './officers.ts'

const ERASE_HER = { act: 'erase', numbers: [HER] } as const
const REGISTRY = 'TW/registry'
let registrar: System
let second: FurtherGateway

beforeEach(async () => {
  const [port = 0] = await freePorts(1)
  registrar = await startSystem({
    config: () => ({ registrar: { listen: { host: '127.0.0.1', port } } }),
    prepare: appointOfficers,
  })
  second = await furtherGateway(registrar, 2)
  await second.start()
}, 120_000)
afterEach(async () => {
  await second[Symbol.asyncDispose]()
  await registrar[Symbol.asyncDispose]()
})

function erasures({ data }: { readonly data: string }): readonly ErasureRecord[] {
  return readLedger(data).view.duties.erasures()
}

/** Her pseudonym at a gateway that was asked about her once. */
async function subjectAt({ data }: { readonly data: string }): Promise<string> {
  return intentsOf((await audit(data)).leaves)[0]!.subject!
}

test('one order destroys her key at each gateway where it is handed in, and no other; then she is erased everywhere', async () => {
  await registrar.run('S3')
  await second.run('S3')
  const [here, there] = [await subjectAt(registrar), await subjectAt(second)]
  expect(here).not.toBe(there)
  // The registrar keeps the list: a file beside a gateway that follows it makes nobody an officer.
  writeOfficers(second.data, [{ id: 'ERASE-1', key: OFFICERS[5]!.key, roles: ['erasure'] }])
  const add = ['add', 'ERASE-1', `--key=${OFFICERS[5]!.key}`, '--role', 'erasure']
  for (const words of [add, ['list'], ['remove', 'ERASE-1']]) {
    const asked = officersCommand().parseAsync([...words, '--data', second.data], { from: 'user' })
    await expect(asked).rejects.toThrow("name the registrar's data folder")
  }
  const once = order(ERASE_HER)
  expect(await carryOut(second.data, once)).toMatchObject({ kind: 'erased', pseudonyms: 1 })
  const { keys } = second.running().core
  const heldHere = registrar.gateway.core.keys
  const [at, by] = [await audit(second.data), await audit(registrar.data)]
  const open = (one: typeof keys, { leaves }: typeof at): unknown => {
    const { exchange, sealed, subject } = intentsOf(leaves)[0]!
    return one.open(subject, exchange, sealed)
  }
  expect([open(keys, at), open(heldHere, by)]).toEqual([undefined, expect.anything()])
  for (const folder of [second, registrar]) {
    const [leaf, ...more] = erasures(folder)
    expect([leaf, more]).toMatchObject([{ gateway: second.id, subject: there }, []])
  }
  expect(await carryOut(second.data, once)).toMatchObject({ kind: 'refused', code: 'served' })
  expect(await carryOut(registrar.data, once)).toMatchObject({ kind: 'erased', pseudonyms: 1 })
  expect(open(heldHere, by)).toBeUndefined()
  await until(() => erasures(second).length === 2, 'the other leaf is followed')
  for (const folder of [second, registrar]) {
    expect(checkOrders(folder.data, REGISTRY)).toEqual([])
    const { counts, findings } = await checkKeys(folder.data)
    expect([findings, counts]).toMatchObject([[], { readable: 0, erased: 1, lost: 0 }])
    expect((await audit(folder.data)).findings).toEqual([])
  }
  await second.stop()
  await expect(carryOut(second.data, once)).rejects.toThrow('start it')
}, 60_000)

test('an order that loses the registrar half-way keeps her exchanges refused, and is finished when it is back', async () => {
  await second.run('S3')
  await second.stop()
  const [key] = secretsIn(second.data).get('persons') ?? []
  await second.start()
  const once = order(ERASE_HER)
  const door = (await knockAtDutyDoor(second.data))!
  door.send({ ask: 'order', order: once })
  for (;;) if (((await door.receive()) as Saying).say === 'copies') break
  await registrar.stop()
  door.send({ answer: 'kept' })
  for (;;) {
    const said = (await door.receive()) as Saying
    if (said.say === 'step') continue
    expect(said).toMatchObject({ say: 'fault', name: 'ErasureUnfinished' })
    expect(JSON.stringify(said)).toContain('hand the order in again')
    break
  }
  expect((await second.run('S3')).status).toBe(503)
  expect((await second.run('household')).status).toBe(200)
  await registrar.start()
  expect(await carryOut(second.data, once)).toMatchObject({ kind: 'erased', pseudonyms: 1 })
  expect((await second.run('S3')).status).toBe(200)
  expect(filesWith(second.data, key!)).toEqual([])
  expect(existsSync(join(registrar.data, 'duties.sock'))).toBe(true)
}, 60_000)

test('a leaf alone destroys nothing: not one that the registrar wrote without officers, nor one that names another gateway', async () => {
  const exchange = headerOf(await second.run('S3'), 'exchange-id')
  const subject = await subjectAt(second)
  await registrar.run('S3')
  await carryOut(registrar.data, ERASE_HER)
  const [genuine] = erasures(registrar)
  const forged = [
    { ...genuine, subject },
    { ...genuine, subject, gateway: second.id, approvals: genuine!.approvals.slice(1) },
  ]
  for (const record of forged) {
    await registrar.gateway.core.registry.append({ kind: 'erasure', record: canonicalJson(record) })
  }
  await second.stop()
  await second.start()
  expect(erasures(second)).toHaveLength(3)
  expect(second.reports.filter((report) => report.includes('erasure'))).toEqual([])
  const intent = intentsOf((await audit(second.data)).leaves).find(
    (one) => one.exchange === exchange,
  )
  const opened = second.running().core.keys.open(intent!.subject, intent!.exchange, intent!.sealed)
  expect(opened).toBeDefined()
  expect(checkOrders(second.data, REGISTRY).map(({ kind }) => kind)).toEqual(['order-wrong'])
  expect(genuine!.gateway).toBe(GATEWAY)
}, 60_000)
