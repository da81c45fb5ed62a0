import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { LedgerBehind } from '../../deploy/high-water.ts'
import { readLedger } from '../../deploy/read-ledger.ts'
import { startSystem } from '../harness/system.ts'
import type { System } from '../harness/system.ts'

let system: System
let aside: string
const MARK = 'keys/high-water.json'

beforeEach(async () => {
  aside = mkdtempSync(join(tmpdir(), 'gongdao-backup-'))
  system = await startSystem()
  await system.run('S3')
})
afterEach(async () => {
  await system[Symbol.asyncDispose]()
  rmSync(aside, { recursive: true })
})

function backUp(part: string, name = part): void {
  cpSync(join(system.data, part), join(aside, name), { recursive: true })
}

function putBack(part: string, name = part): void {
  rmSync(join(system.data, part), { recursive: true, force: true })
  cpSync(join(aside, name), join(system.data, part), { recursive: true })
}

function marks(): Record<string, number> {
  const { chains } = JSON.parse(readFileSync(join(system.data, MARK), 'utf8')) as {
    chains: { origin: string; size: number }[]
  }
  return Object.fromEntries(chains.map(({ origin, size }) => [origin, size]))
}

test('the mark is there from genesis on, and has everything after a stop', async () => {
  const { ledger, registry } = system.gateway.core
  expect(marks()[ledger.origin]).toBeGreaterThanOrEqual(1)
  await system.stop()
  expect(marks()).toEqual({
    [ledger.origin]: ledger.head().size,
    [registry.origin]: registry.head().size,
  })
  await system.start()
  expect((await system.run('S3')).status).toBe(200)
})

test('a backup of the ledger that is put back under the same keys is refused, and nothing is written to it', async () => {
  await system.stop()
  backUp('ledger')
  await system.start()
  await system.run('S3')
  await system.stop()
  putBack('ledger')
  const before = readLedger(system.data).view
  const fault = await system.start().then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(fault).toBeInstanceOf(LedgerBehind)
  expect(String(fault)).toMatch(/TW\/registry had \d+ leaves, \d+ are there/)
  expect(String(fault)).toContain('Put the newer ledger back')
  expect(readLedger(system.data).view.geneses).toEqual(before.geneses)
})

test('an empty ledger under keys that have signed one is refused', async () => {
  await system.stop()
  rmSync(join(system.data, 'ledger'), { recursive: true })
  await expect(system.start()).rejects.toThrow(LedgerBehind)
})

test('a backup of the exchange chains alone is refused', async () => {
  const { origin } = system.gateway.core.ledger
  const part = `ledger/exchange/${encodeURIComponent('TW/GOV/GONGDAO/gateway-1')}/1`
  backUp(part, 'chain')
  await system.run('S3')
  await system.stop()
  putBack(part, 'chain')
  await expect(system.start()).rejects.toThrow(`${origin} had`)
})

test('another history that has grown longer than the mark is refused', async () => {
  await system.stop()
  backUp('ledger')
  backUp(MARK, 'mark')
  await system.start()
  await system.run('S3')
  await system.stop()
  backUp(MARK, 'newer')
  // Twice as much, from the backup on, where nobody had kept the mark.
  putBack('ledger')
  putBack(MARK, 'mark')
  for (let count = 0; count < 2; count += 1) {
    await system.start()
    for (let more = 0; more < 3; more += 1) await system.run('S3')
    await system.stop()
  }
  putBack(MARK, 'newer')
  await expect(system.start()).rejects.toThrow(/registry had \d+ leaves, others are there/)
})

test('a mark that can’t be written is told, and stops neither the gateway nor its stop', async () => {
  const mark = join(system.data, MARK)
  rmSync(mark)
  // A folder in its place: nothing can be put there.
  mkdirSync(join(mark, 'x'), { recursive: true })
  await system.stop()
  expect(system.reports).toContainEqual(expect.stringContaining('could not be written'))
  rmSync(mark, { recursive: true })
  await system.start()
  expect((await system.run('S3')).status).toBe(200)
})

test('a mark that can’t be read stops the start: without it nobody could tell', async () => {
  await system.stop()
  writeFileSync(join(system.data, MARK), '{')
  await expect(system.start()).rejects.toThrow('high-water.json is damaged')
})
