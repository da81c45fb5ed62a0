import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import fc from 'fast-check'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs'
import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { openKeyStore } from '../../adapters/key-store-sqlite/key-store-sqlite.ts'
import type { KeyStore, KeyStoreFault, SubjectScope } from '../../gateway/ports/key-store.ts'
import { KeyStoreUnavailable, SealBroken } from '../../gateway/ports/key-store.ts'
import { ExchangeId, Instant, MemberId } from '../../policies/vocabulary.ts'

const DAY = 86_400_000
const NOW = Date.parse('2026-11-22T10:00:00Z')
const NUMBERS = ['A300000014', 'A300000023', 'F300000037', 'H300000048', 'B300000051']
const SCOPE: SubjectScope = {
  consumer: MemberId.parse('TW/GOV/379000000A'),
  provider: MemberId.parse('TW/GOV/A21030000I'),
  year: 2026,
}
const NEXT_YEAR = { ...SCOPE, year: 2027 }

let folder = ''
let file = ''
let now = NOW
let stores: KeyStore[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gongdao-keys-'))
  file = join(folder, 'keys', 'keys.sqlite')
  now = NOW
  stores = []
})
afterEach(() => {
  for (const store of stores) store.close()
  rmSync(folder, { recursive: true, force: true })
})

function open(expected: 'existing' | 'may-be-new' = 'may-be-new'): KeyStore {
  const store = openKeyStore({
    file,
    expect: expected,
    chance: { uuid: randomUUID, bytes: randomBytes },
    clock: { now: () => Instant.ofMilliseconds(now) },
  })
  stores.push(store)
  return store
}

async function subjectsOf(store: KeyStore, scope = SCOPE): Promise<string[]> {
  const persons = await Promise.all(NUMBERS.map(async (number) => store.person(number, scope)))
  return persons.map(({ subject }) => subject)
}

async function faultOf(act: () => unknown): Promise<KeyStoreFault> {
  try {
    await act()
  } catch (cause) {
    if (cause instanceof KeyStoreUnavailable) return cause.fault
    throw cause
  }
  throw new Error('it was expected to fail')
}

/** Everything in the folder of the key store, one byte one character. */
function allBytes(): string {
  const names = readdirSync(join(folder, 'keys'))
  return names.map((name) => readFileSync(join(folder, 'keys', name), 'latin1')).join('')
}

function someExchange(): ExchangeId {
  return ExchangeId.parse(randomUUID())
}

describe('a person', () => {
  test('has one pseudonym in one scope, another in every other, also after a restart', async () => {
    const before = open()
    const first = await subjectsOf(before)
    const later = await subjectsOf(before, NEXT_YEAR)
    expect(new Set([...first, ...later]).size).toBe(2 * NUMBERS.length)
    before.close()
    const after = open('existing')
    expect(await subjectsOf(after)).toEqual(first)
    expect(await subjectsOf(after, NEXT_YEAR)).toEqual(later)
  })

  test('has one key, however often and in however many scopes she is new at once', async () => {
    const store = open()
    const [one, again, elsewhere] = await Promise.all([
      store.person('A300000014', SCOPE),
      store.person('A300000014', SCOPE),
      store.person('A300000014', NEXT_YEAR),
    ])
    expect(again.subject).toBe(one.subject)
    const exchange = someExchange()
    const sealed = elsewhere.seal(exchange, Buffer.from('details'))
    // Opened by way of the other pseudonym: the same key stands behind both.
    expect(store.open(one.subject, exchange, sealed)).toEqual(Buffer.from('details'))
  })

  test('is answered without waiting once she is known', async () => {
    const store = open()
    expect(store.person('A300000014', SCOPE)).toBeInstanceOf(Promise)
    await store.person('A300000014', SCOPE)
    expect(store.person('A300000014', SCOPE)).not.toBeInstanceOf(Promise)
    store.close()
    expect(open('existing').person('A300000014', SCOPE)).not.toBeInstanceOf(Promise)
  })

  test('is told from every other by the store alone: nothing in her pseudonym depends on her number', async () => {
    const store = open()
    const [here] = await subjectsOf(store)
    store.close()
    rmSync(join(folder, 'keys'), { recursive: true })
    const [there] = await subjectsOf(open())
    expect(there).not.toBe(here)
  })

  test('does not show her key when she is printed', async () => {
    const person = await open().person('A300000014', SCOPE)
    expect(inspect(person, { depth: null, showHidden: true })).not.toMatch(/Buffer|Uint8Array/)
    expect(JSON.parse(JSON.stringify(person))).toEqual({ subject: person.subject })
  })
})

describe('sealed details', () => {
  test('are opened by pseudonym and exchange, also after a restart', async () => {
    const store = open()
    const exchange = someExchange()
    const person = await store.person('A300000014', SCOPE)
    const sealed = person.seal(exchange, Buffer.from('北市社助字第DEMO-0001號'))
    store.close()
    const opened = open('existing').open(person.subject, exchange, sealed)
    expect(Buffer.from(opened!).toString()).toBe('北市社助字第DEMO-0001號')
  })

  test('stay closed without the key, and a key that does not fit is told from no key', async () => {
    const store = open()
    const [one, other] = await subjectsOf(store)
    const exchange = someExchange()
    const person = await store.person(NUMBERS[0]!, SCOPE)
    const sealed = person.seal(exchange, Buffer.from('details'))
    expect(person.subject).toBe(one)
    expect(store.open('nobody', exchange, sealed)).toBeUndefined()
    expect(() => store.open(other, exchange, sealed)).toThrow(SealBroken)
    expect(() => store.open(one, someExchange(), sealed)).toThrow(SealBroken)
    expect(() =>
      store.open(one, exchange, `${sealed.startsWith('A') ? 'B' : 'A'}${sealed.slice(1)}`),
    ).toThrow(SealBroken)
  })

  test('of an exchange about nobody have a random key of their own', async () => {
    const store = open()
    const [one, other] = [someExchange(), someExchange()]
    const [keyOfOne] = await Promise.all([store.nobody(one), store.nobody(other)])
    const sealed = keyOfOne.seal(one, Buffer.from('details'))
    store.close()
    const again = open('existing')
    expect(again.open(undefined, one, sealed)).toEqual(Buffer.from('details'))
    expect(() => again.open(undefined, other, sealed)).toThrow(SealBroken)
    expect(again.open(undefined, someExchange(), sealed)).toBeUndefined()
  })
})

describe('repeat secrets', () => {
  test('are the same for a day and last over a restart', async () => {
    const store = open()
    const secret = await store.repeatSecret('2026-11-22')
    expect(secret).toHaveLength(32)
    expect(await store.repeatSecret('2026-11-22')).toEqual(secret)
    expect(await store.repeatSecret('2026-11-21')).not.toEqual(secret)
    store.close()
    expect(await open('existing').repeatSecret('2026-11-22')).toEqual(secret)
  })

  test('exist for today and yesterday only', () => {
    const store = open()
    for (const day of ['2026-11-20', '2026-11-23', '2026-11-2', '', 'index']) {
      expect(() => store.repeatSecret(day)).toThrow(RangeError)
    }
  })

  test('are gone from the bytes on disk 48 hours after their day began, others stay', async () => {
    const store = open()
    const subjects = await subjectsOf(store)
    const old = await store.repeatSecret('2026-11-22')
    const bytes = Buffer.from(old).toString('latin1')
    now += DAY
    const next = Buffer.from(await store.repeatSecret('2026-11-23')).toString('latin1')
    expect(await store.repeatSecret('2026-11-22')).toEqual(old)
    expect(allBytes()).toContain(bytes)
    now += DAY
    await store.repeatSecret('2026-11-24')
    expect(allBytes()).not.toContain(bytes)
    expect(allBytes()).toContain(next)
    expect(() => store.repeatSecret('2026-11-22')).toThrow(RangeError)
    expect(await subjectsOf(store)).toEqual(subjects)
  })

  test('are destroyed by an idle gateway as well, and at the start after a long stop', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] })
    try {
      const store = open()
      const bytes = Buffer.from(await store.repeatSecret('2026-11-22')).toString('latin1')
      now += 2 * DAY
      expect(allBytes()).toContain(bytes)
      jest.advanceTimersByTime(60_000)
      expect(allBytes()).not.toContain(bytes)
      const later = Buffer.from(await store.repeatSecret('2026-11-24')).toString('latin1')
      store.close()
      now += 5 * DAY
      open('existing')
      expect(allBytes()).not.toContain(later)
    } finally {
      jest.useRealTimers()
    }
  })
})

describe('the file', () => {
  test('holds no national number: not plain, nor in base64, hexadecimal or as a SHA-256', async () => {
    const store = open()
    await subjectsOf(store)
    const bytes = allBytes()
    for (const number of NUMBERS) {
      const digest = createHash('sha256').update(number).digest()
      for (const trace of [
        number,
        Buffer.from(number).toString('base64').replace(/=+$/, ''),
        Buffer.from(number).toString('hex'),
        digest.toString('latin1'),
        digest.toString('base64'),
        digest.toString('base64url'),
        digest.toString('hex'),
      ]) {
        expect(bytes).not.toContain(trace)
      }
    }
    expect(bytes).toContain((await subjectsOf(store))[0])
  })

  test('is for its owner only', () => {
    open()
    expect(statSync(file).mode & 0o777).toBe(0o600)
    for (const name of readdirSync(join(folder, 'keys'))) {
      expect(statSync(join(folder, 'keys', name)).mode & 0o077).toBe(0)
    }
    expect(statSync(join(folder, 'keys')).mode & 0o777).toBe(0o700)
  })

  test('is refused while others may read it', async () => {
    open().close()
    chmodSync(file, 0o640)
    expect(await faultOf(() => open('existing'))).toBe('exposed')
  })

  test('is never made anew where it must exist', async () => {
    expect(await faultOf(() => open('existing'))).toBe('missing')
    expect(readdirSync(folder)).toEqual([])
    open().close()
    writeFileSync(file, '')
    expect(await faultOf(() => open('existing'))).toBe('damaged')
  })

  test('is made anew after a crash before its first transaction', async () => {
    open().close()
    writeFileSync(file, '')
    expect(await subjectsOf(open('may-be-new'))).toHaveLength(NUMBERS.length)
  })

  test('is refused when it is something else, whatever was expected', async () => {
    open().close()
    const other = randomBytes(8192)
    writeFileSync(file, other)
    expect(await faultOf(() => open('existing'))).toBe('damaged')
    expect(await faultOf(() => open('may-be-new'))).toBe('damaged')
    expect(readFileSync(file).equals(other)).toBe(true)
  })

  test('is open once', async () => {
    open()
    expect(await faultOf(() => open('existing'))).toBe('locked')
  })

  test('that is taken away while it is open takes no new person, and knows it', async () => {
    const store = open()
    renameSync(file, `${file}.away`)
    expect(await faultOf(() => store.person('A300000014', SCOPE))).toBe('missing')
    expect(await faultOf(() => store.person('A300000014', SCOPE))).toBe('missing')
  })

  test('answers those who wait when it is closed, and nobody afterwards', async () => {
    const store = open()
    const waiting = store.person('A300000014', SCOPE)
    store.close()
    const { subject } = await waiting
    expect(await faultOf(() => store.person('A300000023', SCOPE))).toBe('closed')
    expect(await faultOf(() => store.repeatSecret('2026-11-22'))).toBe('closed')
    expect((await open('existing').person('A300000014', SCOPE)).subject).toBe(subject)
  })

  test('gives no known person a new key, whichever of its bytes is changed or cut off', async () => {
    const store = open()
    const subjects = await subjectsOf(store)
    store.close()
    const bytes = readFileSync(file)
    const outcomes = { refused: 0, harmless: 0 }
    const written = [...bytes.keys()].filter((at) => bytes[at] !== 0)
    const damage = fc.oneof(
      fc.record({ at: fc.nat(bytes.length - 1), to: fc.nat(255) }),
      // Where something stands: evenly, so that every few trials one hits a handle, which no page check sees.
      fc.record({ at: fc.constantFrom(...written), to: fc.nat(255) }),
      fc.record({ length: fc.nat(bytes.length - 1) }),
    )
    await fc.assert(
      fc.asyncProperty(damage, async (change) => {
        const damaged = 'length' in change ? bytes.subarray(0, change.length) : Buffer.from(bytes)
        if ('at' in change) damaged[change.at] = change.to
        rmSync(`${file}-journal`, { force: true })
        // Another file each time: SQLite may keep the lock of one whose header names a log of another kind.
        rmSync(file, { force: true })
        writeFileSync(file, damaged, { mode: 0o600 })
        try {
          expect(await subjectsOf(open('existing'))).toEqual(subjects)
          outcomes.harmless += 1
        } catch (cause) {
          if (!(cause instanceof KeyStoreUnavailable)) throw cause
          // Bytes 18 and 19 of the header say how a file may be written and read: SQLite believes them.
          expect(['damaged', 'locked', 'read-only']).toContain(cause.fault)
          outcomes.refused += 1
        } finally {
          for (const opened of stores.splice(0)) opened.close()
        }
      }),
      { numRuns: 400 },
    )
    expect(outcomes.refused).toBeGreaterThan(100)
    expect(outcomes.harmless).toBeGreaterThan(10)
  })
})
