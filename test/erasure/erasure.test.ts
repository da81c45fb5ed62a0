/** Erasure in a whole running gateway: what is gone, what stays, and who may do it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { readLedger } from '../../deploy/read-ledger.ts'
import type { CopyFor } from '../../gateway/erasure/erase.ts'
import { audit, intentsOf } from '../harness/audit.ts'
import { headerOf, startSystem, type System } from '../harness/system.ts'
import { appointOfficers, carryOut } from './officers.ts'

const HER = 'A000000018'
let system: System

beforeAll(async () => {
  system = await startSystem()
  appointOfficers(system.data)
}, 120_000)
afterAll(() => system[Symbol.asyncDispose]())

test('a person is erased: roots stay, her own copy is hers, her details are closed, everybody else’s are open', async () => {
  const asked = await system.run('S3')
  expect(asked.status).toBe(200)
  const exchange = headerOf(asked, 'exchange-id')
  const copies: CopyFor[] = []
  const steps: string[] = []
  const outcome = await carryOut(
    system.data,
    { act: 'erase', numbers: [HER] },
    { onCopies: (all) => copies.push(...all), onStep: (step) => steps.push(step) },
  )
  expect(outcome).toMatchObject({ kind: 'erased', persons: 1, notAgreeing: 0 })
  expect(steps).toEqual([
    'approved',
    'suspended',
    'replayed',
    'handed-over',
    'recorded',
    'destroyed',
  ])
  expect(copies).toHaveLength(1)
  expect(JSON.stringify(copies)).toContain(exchange)
  const { findings, leaves, replay } = await audit(system.data)
  expect(findings).toEqual([])
  expect(replay.differ + replay.undecidable + replay.stale).toBe(0)
  const hers = intentsOf(leaves).find((intent) => intent.exchange === exchange)
  expect(readLedger(system.data).view.duties.erasures.has(hers?.subject ?? '')).toBe(true)
  expect(system.gateway.core.keys.open(hers?.subject, hers!.exchange, hers!.sealed)).toBeUndefined()
})
