/** `gongdao archive` and `gongdao prune` as a person types them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { pruneCommand } from '../../deploy/commands/prune.ts'
import { askDuties } from '../../deploy/duties/ask-duties.ts'
import { readOrder } from '../../deploy/duties/make-order.ts'
import { keyOf } from '../erasure/officers.ts'
import { gongdao } from '../harness/command.ts'
import { DAY, LATER, makePrunable, removeTemplates } from '../harness/prunable-ledger.ts'
import type { Prunable } from '../harness/prunable-ledger.ts'
import { startTimestampAuthority } from '../harness/timestamp-authority.ts'
import { THEN } from '../harness/small-ledger.ts'

let ledger: Prunable
let folder: string

beforeAll(async () => {
  const authority = await startTimestampAuthority({ notBefore: THEN - DAY, notAfter: LATER })
  ledger = await makePrunable(authority)
  folder = mkdtempSync(join(tmpdir(), 'gongdao-archive-command-'))
  await authority.close()
})
afterAll(async () => {
  await removeTemplates()
  rmSync(dirname(ledger.data), { recursive: true })
  rmSync(folder, { recursive: true })
})

test('archive verify and archive restore take their own options', async () => {
  const { archive, data } = ledger
  const checked = await gongdao('archive', 'verify', archive, '--data', data, '--json')
  expect(JSON.parse(checked.out)).toMatchObject({ verdict: 'good', findings: [], manifests: 1 })
  const to = join(folder, 'restored')
  const restored = await gongdao('archive', 'restore', archive, '--to', to, '--data', data)
  expect(restored).toMatchObject({ code: 0, error: '' })
  expect(restored.out).toContain(`gongdao verify --data ${to}`)
  const again = await gongdao('archive', 'restore', archive, '--to', to, '--data', data)
  expect(again).toMatchObject({ code: 1, error: expect.stringContaining('holds a ledger already') })
})

test('an archive without a place to go is told what to write', async () => {
  const taken = await gongdao('archive', '--data', ledger.data)
  expect(taken).toMatchObject({ code: 1, error: expect.stringContaining('--to') })
})

/** In this process, which spares a start for each. */
async function prune(...words: readonly string[]): Promise<{ out: string; error: string }> {
  const told = { out: '', error: '' }
  const outlet = {
    out: (text: string) => void (told.out += text),
    error: (text: string) => void (told.error += text),
    failed: () => undefined,
  }
  await pruneCommand(outlet).parseAsync(words, { from: 'user' })
  return told
}

test('a pruning is planned, ordered by one officer, and carried out by another', async () => {
  const { archive, data } = ledger
  const key = (id: string): string => {
    const file = join(folder, `${id}.pem`)
    writeFileSync(file, keyOf(id).export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
    return file
  }
  const its = ['--archive', archive, '--data', data]
  const until = ['--before', '2026-11-01', '--keep-days', '10']
  const planned = await prune('plan', ...its, ...until)
  expect(planned.out).toMatch(/: nothing; then: leaf 0 must be kept until 202/)
  const order = join(folder, 'order.json')
  const first = ['--officer', 'DPO-1', '--key', key('DPO-1')]
  const words = ['--data', data, ...until, '--basis', 'PDPA-11-3', '--to', order]
  const asked = await prune('order', ...words, ...first)
  expect(asked.out).toContain(`gongdao prune approve ${order}`)
  const alone = await prune('approve', order, ...its)
  expect(alone.error).toContain('a second officer approves with --officer ID and --key FILE')
  const second = ['--officer', 'AUDIT-1', '--key', key('AUDIT-1')]
  const done = await prune('approve', order, ...its, ...second, '--json')
  expect(JSON.parse(done.out)).toMatchObject({ chains: [{ size: 0, segments: [] }] })
  // By `gongdao approve` it is told which command knows the archive.
  const outcome = await askDuties(data, { ask: 'order', order: readOrder(order) })
  expect(outcome).toMatchObject({ kind: 'refused', code: 'plan-missing' })
})
