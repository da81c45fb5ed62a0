/** What officers type, while the gateway runs and while it does not. */
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import {
  existsSync,
  linkSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDutyDoor } from '../../adapters/duty-socket/duty-socket.ts'
import { parseLockedFile, unlockContent } from '../../deploy/duties/locked-file.ts'
import { gongdao as inAProcess } from '../harness/command.ts'
import { gongdaoHere as gongdao, type Told } from '../harness/command-here.ts'
import { startSystem, type System } from '../harness/system.ts'
import { askAboutHer, HER } from './about-her.ts'
import { keyOf } from './officers.ts'

let system: System
let desk: string

beforeEach(async () => {
  system = await startSystem()
  desk = mkdtempSync(join(tmpdir(), 'gongdao-desk-'))
}, 120_000)
afterEach(async () => {
  rmSync(desk, { recursive: true })
  await system[Symbol.asyncDispose]()
})

function on(name: string, content?: string): string {
  const file = join(desk, name)
  if (content !== undefined) writeFileSync(file, content, { mode: 0o600 })
  return file
}

async function run(...words: readonly string[]): Promise<Told & { readonly json: unknown }> {
  const told = await gongdao(...words, '--data', system.data, '--json')
  return { ...told, json: JSON.parse(told.out === '' ? told.error : told.out) as unknown }
}

async function appoint(id: string, ...roles: readonly string[]): Promise<string> {
  const key = on(`${id}.pem`, keyOf(id).export({ type: 'pkcs8', format: 'pem' }))
  const publicKey = keyOf(id).export({ format: 'jwk' }).x ?? ''
  // A key may begin with a dash.
  expect((await run('officers', 'add', id, `--key=${publicKey}`, '--role', ...roles)).code).toBe(0)
  return key
}

test('two officers erase a person: order, approval, her copy under a passphrase, and verify tells it', async () => {
  await askAboutHer(system)
  const [one, other] = [await appoint('ERASE-1', 'erasure'), await appoint('ERASE-2', 'erasure')]
  const persons = on('persons', `${HER}\n`)
  const order = join(desk, 'order.json')
  const erase = ['erase', '--persons', persons, '--basis', 'PDPA-3-5', '--to', order]
  const first = [...erase, '--officer', 'ERASE-1', '--key', one]
  const asked = await run(...first)
  expect(asked.json).toMatchObject({ order, persons: 1 })
  expect(statSync(order).mode & 0o777).toBe(0o600)

  const copies = join(desk, 'copies')
  const before = join(desk, 'before')
  linkSync(order, before)
  const approve = ['approve', order, '--copies', copies]
  const herself = await run(...approve, '--officer', 'ERASE-1', '--key', one)
  expect([herself.code, herself.json]).toMatchObject([1, { code: 'same-person' }])
  expect(existsSync(copies)).toBe(false)
  // The order was written anew: what stood there named her as well.
  expect(readFileSync(before).every((byte) => byte === 0)).toBe(true)

  expect((await run(...first)).code).toBe(0)
  const second = ['--officer', 'ERASE-2', '--key', other, '--data', system.data]
  const done = await gongdao(...approve, ...second)
  expect([done.code, done.error]).toEqual([0, expect.stringContaining('the keys are destroyed')])
  expect(done.out).toContain('2 pseudonym(s) of 2 exchange(s) lead to nobody any more')
  expect(done.out + done.error).not.toContain(HER)
  // It named her.
  expect(existsSync(order)).toBe(false)

  const passphrase = /passphrase, shown only now: ([A-Z0-9-]+)/.exec(done.out)?.[1] ?? ''
  const file = join(copies, 'own-copy-1.json')
  const locked = readFileSync(file, 'utf8')
  expect(locked).not.toMatch(/exchange"|subject"/)
  const opened = unlockContent(parseLockedFile(locked), { passphrase }).toString()
  const read = await gongdao('own-copy', file, '--passphrase', on('passphrase', passphrase))
  expect(JSON.parse(read.out)).toEqual(JSON.parse(opened))
  expect(JSON.parse(read.out)).toMatchObject({ what: 'gongdao/own-copy/1', pseudonyms: [{}, {}] })

  const verified = await inAProcess('verify', '--key-store', '--json', '--data', system.data)
  expect(JSON.parse(verified.out)).toMatchObject({
    verdict: 'good',
    keys: { erased: 2, lost: 0, undestroyed: 0 },
  })
}, 120_000)

test('her passphrase is shown before her key may die: a line that breaks then takes it from nobody', async () => {
  await system.stop()
  const [one, other] = [await appoint('ERASE-1', 'erasure'), await appoint('ERASE-2', 'erasure')]
  const [order, copies] = [join(desk, 'order.json'), join(desk, 'copies')]
  const persons = ['--persons', on('persons', HER), '--basis', 'PDPA-3-5']
  expect(
    (await run('erase', ...persons, '--officer', 'ERASE-1', '--key', one, '--to', order)).code,
  ).toBe(0)
  const copy = { what: 'gongdao/own-copy/1', instance: 'TW', at: 0, pseudonyms: [] }
  const door = await openDutyDoor(system.data, async (conversation) => {
    await conversation.receive()
    conversation.send({ say: 'copies', copies: [{ person: 1, copy }] })
    await conversation.receive()
    conversation.close()
  })
  const second = ['--officer', 'ERASE-2', '--key', other, '--copies', copies]
  const broken = await gongdao('approve', order, ...second, '--data', system.data)
  await door.close()
  expect([broken.code, broken.error]).toEqual([1, expect.stringContaining('ConversationOver')])
  const passphrase = /passphrase, shown only now: ([A-Z0-9-]+)/.exec(broken.out)?.[1] ?? ''
  const locked = parseLockedFile(readFileSync(join(copies, 'own-copy-1.json'), 'utf8'))
  expect(JSON.parse(unlockContent(locked, { passphrase }).toString())).toMatchObject(copy)
  expect(existsSync(order)).toBe(true)
})

test('keys that are lost without an order are found, and a backup brings them back; without a gateway too', async () => {
  await askAboutHer(system)
  await system.stop()
  const passphrase = on('passphrase', 'correct horse battery\n')
  const backup = join(desk, 'keys.backup')
  expect((await run('keys', 'backup', '--to', backup, '--passphrase', passphrase)).code).toBe(0)
  const { DatabaseSync } = await import('node:sqlite')
  const database = new DatabaseSync(join(system.data, 'keys', 'keys.sqlite'))
  database.exec('DELETE FROM pseudonyms; DELETE FROM persons')
  database.close()
  const lost = await run('verify', '--key-store')
  expect([lost.code, lost.json]).toMatchObject([
    1,
    {
      verdict: 'bad',
      keys: { lost: 2, erased: 0 },
      findings: [{ kind: 'key-lost' }, { kind: 'key-lost' }],
    },
  ])
  const words = ['keys', 'restore', '--from', backup, '--passphrase', passphrase]
  expect((await run(...words)).json).toMatchObject({ error: 'BackupRefused' })
  expect((await run(...words, '--replace')).json).toMatchObject({ erasedSince: 0 })
  expect((await run('verify', '--key-store')).json).toMatchObject({
    verdict: 'good',
    keys: { readable: 2 },
  })
}, 120_000)

test('explain opens nothing: what is sealed is shown to two officers only', async () => {
  const [, exchange = ''] = await askAboutHer(system)
  const explained = await gongdao('explain', exchange, '--data', system.data)
  expect(explained.code).toBe(0)
  expect(explained.out).not.toContain('DEMO-0001')
  const [auditor, dpo] = [
    await appoint('AUDIT-1', 'auditor'),
    await appoint('DPO-1', 'data-protection'),
  ]
  const order = join(desk, 'order.json')
  const asked = await run(
    'open',
    exchange,
    '--basis',
    'AUDIT',
    '--officer',
    'AUDIT-1',
    '--key',
    auditor,
    '--to',
    order,
  )
  expect(asked.code).toBe(0)
  const shown = await run('approve', order, '--officer', 'DPO-1', '--key', dpo)
  expect(shown.json).toMatchObject({ kind: 'opened', details: { case: '北市DEMO-0001' } })
}, 120_000)

test('a hold is asked for, approved, listed and released', async () => {
  await askAboutHer(system)
  const [one, other] = [await appoint('LEGAL-1', 'legal'), await appoint('LEGAL-2', 'legal')]
  const order = join(desk, 'order.json')
  const common = ['--officer', 'LEGAL-1', '--key', one, '--to', order]
  const person = on('person', HER)
  expect(
    (await run('hold', 'add', '--person', person, '--basis', 'COURT-ORDER', ...common)).code,
  ).toBe(0)
  const second = ['approve', order, '--officer', 'LEGAL-2', '--key', other]
  const held = (await run(...second)).json as { readonly id: string }
  expect(held).toMatchObject({ kind: 'held' })
  const listed = (await run('hold', 'list')).json
  expect(listed).toMatchObject({ holds: [{ id: held.id, basis: 'COURT-ORDER', on: 'a person' }] })
  expect((await run('hold', 'release', held.id, '--basis', 'ENDED', ...common)).code).toBe(0)
  expect((await run(...second)).json).toMatchObject({ kind: 'released', id: held.id })
  expect((await run('hold', 'list')).json).toEqual({ holds: [] })
}, 60_000)
