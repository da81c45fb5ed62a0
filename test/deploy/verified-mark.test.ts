/** What a verification leaves for the gateway's own gauge. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { readVerified, verifiedFile } from '../../deploy/verified-mark.ts'
import { parsePins } from '../../gateway/console/pins.ts'
import { gongdao } from '../harness/command.ts'
import { KEYS, REGISTRY, openOn, putInstance } from '../harness/small-ledger.ts'

let data: string

beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'gongdao-mark-'))
  const { chain } = await openOn(data, REGISTRY)
  await putInstance(chain)
  await chain.close()
  writeFileSync(join(data, 'ledger/keys.txt'), `${KEYS}\n`)
})

afterEach(() => rmSync(data, { recursive: true }))

test('a verification that finds nothing leaves when it began and how far each chain had grown', async () => {
  expect(readVerified(data)).toBeUndefined()
  const before = Date.now()
  const pin = join(data, 'pin.json')
  expect((await gongdao('verify', '--data', data, '--since', pin)).code).toBe(0)
  expect(parsePins(readFileSync(pin, 'utf8')).chains.get(REGISTRY)?.state.edge.size).toBe(1)
  const mark = readVerified(data)
  expect(mark?.chains).toEqual({ [REGISTRY]: 1 })
  expect(mark?.at).toBeGreaterThanOrEqual(before)
  expect(mark?.at).toBeLessThanOrEqual(Date.now())
})

test('one that finds something leaves the mark of the last good one', async () => {
  const good = '{"at":1,"chains":{},"v":1}\n'
  writeFileSync(verifiedFile(data), good)
  const segment = join(data, 'ledger/registry/00000001.seg')
  const bytes = readFileSync(segment)
  const at = bytes.indexOf('"registrar"')
  bytes[at + 1] = 0x52
  writeFileSync(segment, bytes)
  const pin = join(data, 'pin.json')
  expect((await gongdao('verify', '--data', data, '--since', pin)).code).toBe(1)
  expect(readFileSync(verifiedFile(data), 'utf8')).toBe(good)
  expect(existsSync(pin)).toBe(false)
})

test('where the mark cannot be written the verdict stands and standard error says so; a damaged one is none', async () => {
  mkdirSync(verifiedFile(data))
  const { code, error, out } = await gongdao('verify', '--data', data)
  expect([code, out]).toEqual([0, expect.stringContaining('good: ')])
  expect(error).toContain('could not be written')
  expect(readVerified(data)).toBeUndefined()
  rmSync(verifiedFile(data), { recursive: true })
  for (const damaged of ['', '{', 'null', '{"at":"now","v":1}', '{"at":1,"v":2}']) {
    writeFileSync(verifiedFile(data), damaged)
    expect(readVerified(data)).toBeUndefined()
  }
})
