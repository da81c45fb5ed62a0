/** What is told of a file or a folder that somebody named and that is not there, or is something else. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { verifyLedger } from '../../deploy/verify-ledger.ts'
import { makeWitnessKey } from '../../deploy/witness-key.ts'
import { SubsystemId } from '../../policies/vocabulary.ts'
import { gongdaoHere as gongdao } from '../harness/command-here.ts'
import { makePki } from '../harness/pki.ts'
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

test.each([
  [
    'junk',
    'key',
    /"message":".*\/junk holds none .*a TLS certificate and its chain, PEM, with --cert/,
  ],
  ['nowhere', 'key', /nowhere is not there: .* with --cert/],
  ['cert', 'junk', /"message":".*\/junk holds none .*the private key .* with --cert-key/],
  ['cert', 'other', /"message":".*\/other is not the key of .*\/cert:/],
  ['half', 'key', /"message":"TLS does not take .*\/half /],
])('a witness with %s for its certificate and %s for its key says which file', async (...row) => {
  const [cert, key, why] = row
  const pki = await makePki()
  const [own, other] = await Promise.all(
    ['income', 'land'].map((code) => pki.issueSubsystem(SubsystemId.parse(`TW/GOV/MOF/${code}`))),
  )
  const files = { junk: 'junk', cert: own!.cert, key: own!.key, other: other!.key }
  const half = `${own!.cert}\n-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n`
  for (const [name, text] of Object.entries({ ...files, half })) {
    writeFileSync(join(data, name), text)
  }
  makeWitnessKey(data, 'audit.example.gov.tw/w1')
  const words = ['--keys', 'ledger/keys.txt', '--cert', cert, '--cert-key', key]
  const there = words.map((word) => (word.startsWith('-') ? word : join(data, word)))
  const serve = ['witness', 'serve', '--data', data, '--port', '0', ...there]
  const { code, error, out } = await gongdao(...serve)
  expect([code, out, error]).toEqual([1, '', expect.stringMatching(why)])
})

test.each([
  [['verify']],
  [['receipt', 'receipt']],
  [['export', '--to', 'export']],
  [['officers', 'remove', 'DPO-1']],
  [['witness', '--keys', 'ledger/keys.txt', '--cert', 'cert', '--cert-key', 'key']],
])('a line of the keys that is none is told with the name of their file: %j', async (words) => {
  const file = join(data, 'ledger/keys.txt')
  writeFileSync(file, `# ours\n${KEYS}\nbroken\n`)
  makeWitnessKey(data, 'audit.example.gov.tw/w1')
  const there = words.map((word) => (word.startsWith('ledger/') ? file : word))
  const { code, error } = await gongdao(...there, '--data', data)
  expect([code, error]).toEqual([
    1,
    expect.stringContaining(`"line 4 of ${file} is not a verifier key"`),
  ])
})

test('roots of time-stamps that are named are read, whether or not anything is time-stamped here', async () => {
  const tiles = join(data, 'tiles')
  expect((await gongdao('export', '--data', data, '--to', tiles)).code).toBe(0)
  const damaged = '-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n'
  for (const [name, text] of Object.entries({ none: 'none', damaged })) {
    writeFileSync(join(data, name), text)
  }
  for (const [name, why] of [
    ['nowhere', 'is not there: name a file of roots'],
    ['none', 'holds no certificate (PEM)'],
    ['damaged', "holds a certificate (PEM) that can't be read"],
    ['tiles', 'is a folder: name a file of roots'],
  ] as const) {
    const roots = join(data, name)
    for (const copy of [{}, { tiles }]) {
      const named = { data, keys: KEYS, now: Date.now(), threads: 1, timestampRoots: roots }
      await expect(verifyLedger({ ...named, ...copy })).rejects.toThrow(`${roots} ${why}`)
    }
  }
}, 60_000)

test('a pin that can not be written is told before anything is verified, and leaves nothing', async () => {
  const before = readdirSync(data)
  for (const since of [join(nowhere, 'x/pin'), join(data, 'ledger/keys.txt/pin')]) {
    const { code, error, out } = await gongdao('verify', '--data', data, '--since', since)
    const told = `${since} can't be written (`
    expect([code, out, error]).toEqual([1, '', expect.stringContaining(told)])
  }
  expect(readdirSync(data)).toEqual(before)
})
