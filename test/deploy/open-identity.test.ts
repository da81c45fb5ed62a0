/** The revocation list's file while a gateway runs: whatever stands there that is not in use is said for as long as it stands there. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, rmdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { CertsFolder } from '../../adapters/certs-folder/certs-folder.ts'
import type { RevocationList } from '../../certs/revocation-list.ts'
import { signRevocationList } from '../../certs/revocation-list-signing.ts'
import { foldersOf } from '../../deploy/config.ts'
import { openIdentity, type OpenedIdentity } from '../../deploy/open-identity.ts'
import { Instant } from '../../policies/vocabulary.ts'
import { configFor, newDataFolder } from '../harness/system.ts'

let data: string
let certs: CertsFolder
let file: string
let reports: string[]
let identity: OpenedIdentity
/** Of the list in use at first. */
let number: number

beforeEach(async () => {
  data = await newDataFolder()
  certs = CertsFolder.open(foldersOf(data).certs, (count) => randomBytes(count))
  file = certs.layout.revocationList
  await certs.publish(now(), 30)
  reports = []
  identity = openIdentity(configFor(data, new Map()), (sentence) => reports.push(sentence))
  number = identity.revocations()
})

afterEach(() => {
  rmSync(data, { recursive: true })
})

function now(): Instant {
  return Instant.ofMilliseconds(Date.now())
}

/** As health looks, in a turn of its own. */
async function fault(): Promise<string | undefined> {
  await nextTurn()
  identity.revocationList()
  return identity.revocationListFault()
}

test.each<[string, () => Promise<string>]>([
  ['older', () => listOf(number - 1)],
  ['another one with the same number', () => listOf(number, 9)],
  ['no list', () => Promise.resolve('nothing')],
])(
  'one that is %s is told once, said until one can be used, and no reload takes it',
  async (_what, make) => {
    const good = readFileSync(file)
    const bad = await make()
    writeFileSync(file, bad)
    for (let look = 0; look < 3; look += 1) expect(await fault()).toEqual(expect.any(String))
    expect(reports).toEqual([expect.stringMatching(/^revocation list (?:older|malformed): /)])
    expect(() => identity.readAgain(now())).toThrow(/revocation list/)
    expect(identity.revocations()).toBe(number)

    writeFileSync(file, good)
    expect(await fault()).toBeUndefined()
    expect(() => identity.readAgain(now())).not.toThrow()
    writeFileSync(file, bad)
    expect(await fault()).toEqual(expect.any(String))
    writeFileSync(file, await listOf(number + 1))
    expect([await fault(), identity.revocations()]).toEqual([undefined, number + 1])
    expect(reports).toHaveLength(2)
  },
)

test('a file that is gone, or can’t be read, is said until it is back', async () => {
  const good = readFileSync(file)
  unlinkSync(file)
  expect(await fault()).toContain('is gone; the one before stays in force')
  writeFileSync(file, good)
  expect(await fault()).toBeUndefined()
  unlinkSync(file)
  mkdirSync(file)
  expect(await fault()).toContain('cannot be read; the one before stays in force')
  rmdirSync(file)
  writeFileSync(file, good)
  expect(await fault()).toBeUndefined()
  expect(reports.map((sentence) => sentence.split(':', 1)[0])).toEqual([
    'revocation list missing',
    'revocation list unreadable',
  ])
})

test('each list that takes effect is told once, to everybody who listens, and one that does not is not', async () => {
  const heard: number[][] = [[], []]
  for (const listener of heard)
    identity.onRevocationList((list: RevocationList) => listener.push(list.number))
  writeFileSync(file, await listOf(number + 1))
  await fault()
  await fault()
  writeFileSync(file, 'nothing')
  await fault()
  writeFileSync(file, await listOf(number + 2))
  await fault()
  expect(heard).toEqual([
    [number + 1, number + 2],
    [number + 1, number + 2],
  ])
})

/** Signed by the CA of the gateway. */
function listOf(its: number, days = 7): Promise<string> {
  const { issuingCertificate, issuingKey } = certs.layout
  const authority = {
    certificate: readFileSync(issuingCertificate, 'utf8'),
    key: readFileSync(issuingKey, 'utf8'),
  }
  const thisUpdate = now()
  const nextUpdate = Instant.ofMilliseconds(thisUpdate + days * 86_400_000)
  return signRevocationList(authority, { number: its, thisUpdate, nextUpdate, revoked: [] })
}

test('one that is none at the start says which file, and what to do', () => {
  writeFileSync(file, 'nothing')
  const start = (): unknown => openIdentity(configFor(data, new Map()), () => undefined)
  expect(start).toThrow(file)
  expect(start).toThrow('gongdao certs crl')
})
