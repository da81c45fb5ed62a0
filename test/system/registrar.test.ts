/** Several gateways of one instance: one registry, written by one process, followed by the others. */
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { audit } from '../harness/audit.ts'
import { furtherGateway, registrarOf } from '../harness/further-gateway.ts'
import type { Asked } from '../../deploy/demo/ask.ts'
import { ask, LABOUR, startSystem, type System } from '../harness/system.ts'
import { until } from '../harness/until.ts'

const REGISTRAR = { config: () => ({ registrar: { listen: { host: '127.0.0.1', port: 0 } } }) }

test('three gateways open their chains in one registry, and each ledger is whole by itself', async () => {
  await using system = await startSystem(REGISTRAR)
  await using second = await furtherGateway(system, 2)
  await using third = await furtherGateway(system, 3)
  await Promise.all([second.start(), third.start()])
  const asked = await Promise.all([system.run('S3'), second.run('S3'), third.run('S3 icd10')])
  expect(asked.map(({ status }) => status)).toEqual([200, 200, 403])
  // A rolling restart: each comes back with its next chain.
  await second.stop()
  await second.start()
  expect((await second.run('S1')).status).toBe(200)
  const chains = [system.gateway.core, second.running().core, third.running().core]
  expect(chains.map(({ ledger }) => ledger.origin)).toEqual([
    'TW/exchange/TW/GOV/GONGDAO/gateway-1/1',
    'TW/exchange/TW/GOV/GONGDAO/gateway-2/2',
    'TW/exchange/TW/GOV/GONGDAO/gateway-3/1',
  ])
  await Promise.all([second.stop(), third.stop()])
  await system.stop()
  for (const { data } of [second, third]) {
    const { findings, replay } = await audit(data)
    expect(findings).toEqual([])
    expect(replay).toMatchObject({ differ: 0, undecidable: 0 })
    expect(replay.agree).toBeGreaterThan(0)
  }
})

test('a new manifest takes force at every gateway, and exchanges go on while the registrar is away', async () => {
  await using system = await startSystem(REGISTRAR)
  await using second = await furtherGateway(system, 2)
  await second.start()
  expect((await second.run('S3')).status).toBe(200)
  const before = second.running().core.inForce().manifest
  withdrawEnrolment(system)
  expect(await system.gateway.reload()).toMatchObject({ kind: 'reloaded', documentsChanged: true })
  await until(
    () => second.running().core.inForce().manifest > before,
    'the new manifest is in force',
  )
  const refused = await second.run('S3')
  expect(refused.headers['x-road-error']).toBe('Client.Policy.NoBasis')
  await system.stop()
  expect((await second.run('S1')).status).toBe(200)
  await until(
    () => second.reports.some((report) => report.includes('can not be followed')),
    'the registrar is missed',
  )
  const { checks } = second.running().health.health.report()
  expect(checks.find(({ name }) => name === 'registry')).toMatchObject({
    state: 'degraded',
    words: expect.stringContaining('can not be reached'),
  })
  await second.stop()
  await expect(second.start()).rejects.toThrow()
})

test('the door is for gateways of this instance, whose certificates are good now', async () => {
  await using system = await startSystem(REGISTRAR)
  await using second = await furtherGateway(system, 2)
  const door = new URL('/registry/commits?from=0', system.gateway.core.registrar)
  const asked = async (kind: string, id: string): Promise<Asked> => {
    const path = `${door.pathname}${door.search}`
    return ask(door, system.world.identityOf(kind, id), { consumer: LABOUR, path })
  }
  expect((await asked('gateway', second.id)).status).toBe(200)
  const department = await asked('subsystem', LABOUR)
  expect(department.status).toBe(401)
  expect(department.body).toContain('Client.Identity.CertificateUnsuitable')
  const nobody = { ca: system.world.identityOf('gateway', second.id).ca, cert: '', key: '' }
  const { status } = await ask(door, nobody, { consumer: LABOUR, path: '/registry/commits?from=0' })
  expect(status).toBe(401)
})

test('a registrar without the certificate of the one that is configured is not followed', async () => {
  await using system = await startSystem(REGISTRAR)
  await using third = await furtherGateway(system, 3)
  await using second = await furtherGateway(system, 2, {
    registrar: { ...registrarOf(system), gateway: third.id },
  })
  await expect(second.start()).rejects.toThrow(/another gateway/)
})

function withdrawEnrolment(system: System): void {
  const folder = join(system.data, 'documents', 'agreements')
  for (const name of readdirSync(folder)) {
    const file = join(folder, name)
    if (readFileSync(file, 'utf8').includes('nhi-enrolment')) rmSync(file)
  }
}
