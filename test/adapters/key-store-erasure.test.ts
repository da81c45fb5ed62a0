/** A person's key destroyed in the key store: what is gone, and what others notice of it. */
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import {
  openKeyStore,
  type OpenedKeyStore,
} from '../../adapters/key-store-sqlite/key-store-sqlite.ts'
import { KeyStoreUnavailable, type SubjectScope } from '../../gateway/ports/key-store.ts'
import type { Handle } from '../../gateway/ports/person-keys.ts'
import { ExchangeId, Instant, MemberId } from '../../policies/vocabulary.ts'

const HER = 'A300000014'
const SCOPE: SubjectScope = {
  consumer: MemberId.parse('TW/GOV/379000000A'),
  provider: MemberId.parse('TW/GOV/A21030000I'),
  year: 2026,
}
const NEXT_YEAR = { ...SCOPE, year: 2027 }

let folder = ''
let file = ''
let stores: OpenedKeyStore[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gongdao-keys-'))
  file = join(folder, 'keys', 'keys.sqlite')
  stores = []
})
afterEach(() => {
  for (const store of stores) store.close()
  rmSync(folder, { recursive: true, force: true })
})

function open(): OpenedKeyStore {
  const store = openKeyStore({
    file,
    expect: 'may-be-new',
    chance: { uuid: randomUUID, bytes: randomBytes },
    clock: { now: () => Instant.ofMilliseconds(Date.now()) },
  })
  stores.push(store)
  return store
}

async function destroy(store: OpenedKeyStore, ...persons: Handle[]): Promise<void> {
  const resume = await store.suspend(persons)
  store.destroy(persons)
  resume()
}

/** Everything in the folder of the key store, one byte one character. */
function allBytes(): string {
  const names = readdirSync(join(folder, 'keys'))
  return names.map((name) => readFileSync(join(folder, 'keys', name), 'latin1')).join('')
}

interface Row {
  readonly handle: string
  readonly secret: string
  readonly subjects: readonly string[]
}

/** What the closed file holds of everybody, as binary text. */
function rows(): Row[] {
  const database = new DatabaseSync(file, { readOnly: true })
  const text = (bytes: unknown): string => Buffer.from(bytes as Uint8Array).toString('latin1')
  const subjects = database.prepare('SELECT subject FROM pseudonyms WHERE handle = ?')
  const found = database
    .prepare('SELECT handle, secret FROM persons')
    .all()
    .map(({ handle, secret }) => ({
      handle: text(handle),
      secret: text(secret),
      subjects: subjects.all(handle as Uint8Array).map(({ subject }) => String(subject)),
    }))
  database.close()
  return found
}

test('a destroyed person is somebody new afterwards, at once and after a restart', async () => {
  const store = open()
  const before = await store.person(HER, SCOPE)
  const other = await store.person('A300000023', SCOPE)
  const exchange = ExchangeId.parse(randomUUID())
  const sealed = before.seal(exchange, Buffer.from('details'))
  await destroy(store, store.find(HER)!)
  expect(store.open(before.subject, exchange, sealed)).toBeUndefined()
  expect(store.find(HER)).toBeUndefined()
  expect(store.holder(before.subject)).toBeUndefined()
  const after = await store.person(HER, SCOPE)
  expect(after.subject).not.toBe(before.subject)
  expect((await store.person('A300000023', SCOPE)).subject).toBe(other.subject)
  store.close()
  expect((await open().person(HER, SCOPE)).subject).toBe(after.subject)
})

test('all pseudonyms of a person are hers, and die with her', async () => {
  const store = open()
  const [one, two] = await Promise.all([store.person(HER, SCOPE), store.person(HER, NEXT_YEAR)])
  const her = store.find(HER)!
  expect(new Set(store.subjectsOf(her))).toEqual(new Set([one.subject, two.subject]))
  expect(store.holder(one.subject)).toBe(her)
  await destroy(store, her)
  expect(store.subjectsOf(her)).toEqual([])
})

test('whoever was answered before the suspension seals with the old key; nobody gets it afterwards, and it seals nothing more', async () => {
  const store = open()
  const known = await store.person(HER, SCOPE)
  const her = store.find(HER)!
  const elsewhere = store.person(HER, NEXT_YEAR)
  const resuming = store.suspend([her])
  expect(() => store.person(HER, SCOPE)).toThrow(expect.objectContaining({ fault: 'suspended' }))
  const resume = await resuming
  // Everybody whom the store had answered is among her pseudonyms now.
  expect(store.subjectsOf(her)).toHaveLength(2)
  const late = await elsewhere
  const exchange = ExchangeId.parse(randomUUID())
  const sealed = late.seal(exchange, Buffer.from('details'))
  expect(store.subjectsOf(her)).toContain(late.subject)
  expect(store.open(late.subject, exchange, sealed)).toBeDefined()
  store.destroy([her])
  expect(() => known.seal(ExchangeId.parse(randomUUID()), Buffer.from('x'))).toThrow(
    KeyStoreUnavailable,
  )
  resume()
  expect((await store.person(HER, SCOPE)).subject).not.toBe(known.subject)
})

test('others are not kept waiting while somebody is suspended', async () => {
  const store = open()
  await store.person(HER, SCOPE)
  const resume = await store.suspend([store.find(HER)!])
  expect((await store.person('A300000023', SCOPE)).subject).toHaveLength(43)
  const [one, again] = await Promise.all([
    store.person('F300000037', SCOPE),
    store.person('F300000037', SCOPE),
  ])
  expect(one.subject).toBe(again.subject)
  resume()
  expect((await store.person(HER, SCOPE)).subject).toBeDefined()
})

test('nobody is destroyed without being suspended', async () => {
  const store = open()
  await store.person(HER, SCOPE)
  expect(() => store.destroy([store.find(HER)!])).toThrow(RangeError)
  expect(store.find(HER)).toBeDefined()
})

test('the hold token of a person is not her pseudonym, survives a restart, and dies with her key', async () => {
  const store = open()
  const { subject } = await store.person(HER, SCOPE)
  const token = store.holdToken(store.find(HER)!)
  expect(token).not.toBe(subject)
  store.close()
  const again = open()
  expect(again.holdToken(again.find(HER)!)).toBe(token)
  await destroy(again, again.find(HER)!)
  await again.person(HER, SCOPE)
  expect(again.holdToken(again.find(HER)!)).not.toBe(token)
})

test('no byte of a destroyed key, its handle or its pseudonyms stands in the file, however often its trees were balanced', async () => {
  let store = open()
  const numbers = Array.from({ length: 1500 }, (_, at) => `person-${String(at)}`)
  for (let at = 0; at < numbers.length; at += 50) {
    await Promise.all(numbers.slice(at, at + 50).map(async (number) => store.person(number, SCOPE)))
    await Promise.all(
      numbers.slice(at, at + 20).map(async (number) => store.person(number, NEXT_YEAR)),
    )
  }
  for (let round = 0; round < 3; round += 1) {
    store.close()
    const all = rows()
    const gone = Array.from({ length: 150 }, () => all[randomInt(all.length)]!)
    for (const { secret, handle } of gone) {
      expect(allBytes().includes(secret) && allBytes().includes(handle)).toBe(true)
      break
    }
    store = open()
    const handles = gone.map(({ handle }) => Buffer.from(handle, 'latin1').toString('hex'))
    await destroy(store, ...new Set(handles))
    const traces = gone.flatMap(({ handle, secret, subjects }) => [handle, secret, ...subjects])
    const bytes = allBytes()
    expect(traces.filter((trace) => bytes.includes(trace))).toEqual([])
  }
})
