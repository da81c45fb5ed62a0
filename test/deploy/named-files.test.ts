/** What is told of a file or a folder that somebody named and that is not there, or is something else. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { gongdao } from '../harness/command.ts'
import { KEYS, REGISTRY, openOn, putInstance } from '../harness/small-ledger.ts'

let data: string
let nowhere: string

beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'gongdao-named-'))
  nowhere = join(data, 'nowhere')
  const { chain } = await openOn(data, REGISTRY)
  await putInstance(chain)
  await chain.close()
  writeFileSync(join(data, 'ledger/keys.txt'), `${KEYS}\n`)
})

afterEach(() => rmSync(data, { recursive: true }))

const KEY = 'iPBIMJISm8nzx8te4qPv4lMT7FGK-UIk-DS3CHEOv1E'

test.each([
  [['officers', 'list']],
  [['officers', 'remove', 'DPO-1']],
  [['officers', 'add', 'DPO-1', `--key=${KEY}`, '--role', 'auditor']],
  [['keys', 'backup', '--to', '/nowhere/backup', '--passphrase', '/nowhere/passphrase']],
  [['keys', 'restore', '--from', '/nowhere/backup', '--passphrase', '/nowhere/passphrase']],
  [['approve', '/nowhere/order.json']],
  [['hold', 'list']],
  [['replay']],
  [['explain', '00000000-0000-4000-8000-000000000000']],
])('where no ledger is, that is what %j says', async (words) => {
  const { code, error, out } = await gongdao(...words, '--data', nowhere)
  expect([code, out, error]).toEqual([1, '', expect.stringContaining(`${nowhere} holds no ledger`)])
})

test('nobody is registered at a ledger without a list', async () => {
  const { code, out } = await gongdao('officers', 'list', '--data', data)
  expect([code, out]).toEqual([0, 'nobody is registered\n'])
})

test.each([
  [['verify', '--since', 'folder'], /the pin of the last verification/],
  [['verify', '--note', 'folder'], /the file of a signed checkpoint/],
  [['verify', '--receipt', 'folder'], /the file of a receipt/],
  [['verify', '--keys', 'folder'], /a file of pinned keys/],
  [['receipt', 'folder'], /the file of a receipt/],
  [['receipt', 'receipt', '--body', 'folder'], /the body that came with the receipt/],
  [['receipt', 'receipt', '--policy', 'folder'], /witnesses that you trust/],
])('a folder where %j wants a file is told as that, with what to name', async (words, wanted) => {
  mkdirSync(join(data, 'folder'))
  writeFileSync(join(data, 'receipt'), 'none')
  const there = words.map((word, at) => (at > 0 && !word.startsWith('-') ? join(data, word) : word))
  const { code, error, out } = await gongdao(...there, '--data', data)
  expect([code, out, error]).toEqual([1, '', expect.stringMatching(wanted)])
  expect(error).toContain(`${join(data, 'folder')} is a folder: name `)
  expect(error).not.toContain('EISDIR')
})

test('a file that was named and is not there is told as that', async () => {
  for (const words of [
    ['verify', '--note', nowhere],
    ['receipt', nowhere],
  ]) {
    const { code, error } = await gongdao(...words, '--data', data)
    expect([code, error]).toEqual([1, expect.stringContaining(`${nowhere} is not there: name `)])
  }
})
