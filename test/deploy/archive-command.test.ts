/** `gongdao archive` and `gongdao prune` as a person types them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
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

test('an archive without a place to go, and a pruning without two officers, are told what to write', async () => {
  const { archive, data } = ledger
  const taken = await gongdao('archive', '--data', data)
  expect(taken).toMatchObject({ code: 1, error: expect.stringContaining('--to') })
  const words = ['--archive', archive, '--data', data, '--before', '2020-01-01']
  const pruned = await gongdao('prune', ...words, '--officers', 'DPO-1')
  expect(pruned).toMatchObject({ code: 1, error: expect.stringContaining('two codes') })
})
