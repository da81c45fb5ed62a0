/** Backups of the key store: encrypted, expiring, and never a way round an erasure. */
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BackupRefused, backUp, restoreKeys } from '../../deploy/duties/key-backup.ts'
import { LockedFileFault } from '../../deploy/duties/locked-file.ts'
import { destroyExpired } from '../../deploy/duties/backup-keys.ts'
import { withHost } from '../../deploy/duties/offline.ts'
import { systemChance, systemClock } from '../../deploy/system.ts'
import { Instant } from '../../policies/vocabulary.ts'
import { filesBelow } from '../harness/canary-search.ts'
import { intentsOf, audit } from '../harness/audit.ts'
import { headerOf, startSystem, type System } from '../harness/system.ts'
import { filesWith, secretsIn } from './about-her.ts'
import { appointOfficers, carryOut } from './officers.ts'

const DAY = 86_400_000
const PASSPHRASE = 'correct horse battery'
let system: System

beforeEach(async () => {
  system = await startSystem()
  appointOfficers(system.data)
}, 120_000)
afterEach(() => system[Symbol.asyncDispose]())

function later(days: number): {
  readonly clock: { now(): Instant }
  chance: ReturnType<typeof systemChance>
} {
  const clock = systemClock()
  return {
    clock: { now: () => Instant.ofMilliseconds(clock.now() + days * DAY) },
    chance: systemChance(),
  }
}

async function backup(days = 7): Promise<string> {
  return withHost(system.data, (host) =>
    Promise.resolve(backUp(host, { days, passphrase: PASSPHRASE }).file),
  )
}

function restore(
  text: string,
  options: { days?: number; passphrase?: string; replace?: boolean } = {},
): Promise<unknown> {
  const { days = 0, passphrase = PASSPHRASE, replace = true } = options
  return restoreKeys(system.data, { text, passphrase, replace }, later(days))
}

test('a lost key store comes back from its backup, and everybody in it is who she was', async () => {
  const exchange = headerOf(await system.run('S3'), 'exchange-id')
  await system.stop()
  const text = await backup()
  rmSync(join(system.data, 'keys', 'keys.sqlite'))
  await expect(system.start()).rejects.toThrow('key store')
  expect(await restore(text, { replace: false })).toMatchObject({ erasedSince: 0 })
  await system.start()
  const [intent] = intentsOf((await audit(system.data)).leaves)
  expect(intent?.exchange).toBe(exchange)
  expect(
    system.gateway.core.keys.open(intent!.subject, intent!.exchange, intent!.sealed),
  ).toBeDefined()
  expect(statSync(join(system.data, 'keys', 'keys.sqlite')).mode & 0o777).toBe(0o600)
})

test('a backup brings nobody back who was erased since, and no byte of her key', async () => {
  await system.run('S3')
  await system.run('household')
  const [hers, other] = intentsOf((await audit(system.data)).leaves)
  await system.stop()
  const text = await backup()
  const before = secretsIn(system.data).get('persons')!
  await carryOut(system.data, { act: 'erase', numbers: ['A000000018'] })
  const left = secretsIn(system.data).get('persons')!
  const gone = before.filter((key) => !left.some((one) => one.equals(key)))
  expect(gone).toHaveLength(1)
  expect(await restore(text)).toMatchObject({ erasedSince: 1 })
  // Before any start could mend it.
  expect(filesWith(system.data, gone[0]!)).toEqual([])
  await system.start()
  const { keys } = system.gateway.core
  expect(keys.open(hers!.subject, hers!.exchange, hers!.sealed)).toBeUndefined()
  expect(keys.open(other!.subject, other!.exchange, other!.sealed)).toBeDefined()
})

test('a backup that has expired opens to nobody, whatever the clock says afterwards', async () => {
  await system.run('S3')
  await system.stop()
  const text = await backup(3)
  await expect(restore(text, { days: 3 })).rejects.toThrow(BackupRefused)
  // Its key is gone: a clock that is put back does not help.
  await expect(restore(text)).rejects.toThrow('Nobody can open it')
  expect(readdirSync(join(system.data, 'keys', 'backups'))).toEqual([])
})

test('the key of a backup is destroyed in the file system when the backup expires, and not before', async () => {
  await system.stop()
  await backup(3)
  const [name] = readdirSync(join(system.data, 'keys', 'backups'))
  const { key } = JSON.parse(readFileSync(join(system.data, 'keys', 'backups', name!), 'utf8')) as {
    key: string
  }
  expect(destroyExpired(system.data, later(2.9).clock.now())).toBe(0)
  expect(destroyExpired(system.data, later(3).clock.now())).toBe(1)
  for (const file of filesBelow(system.data))
    expect(readFileSync(file, 'latin1')).not.toContain(key)
})

test('a running gateway lets its backups expire by itself, at the next start at the latest', async () => {
  await system.stop()
  await backup(1)
  system.clockAheadMs = DAY
  await system.start()
  expect(readdirSync(join(system.data, 'keys', 'backups'))).toEqual([])
})

test('the folder of backup keys may be a medium of its own: what else is there, and a fault of it, end no gateway', async () => {
  await system.stop()
  await backup(3)
  const folder = join(system.data, 'keys', 'backups')
  mkdirSync(join(folder, 'lost+found'))
  const half = join(folder, `${randomUUID()}.json.77.new`)
  writeFileSync(half, '{"key":')
  await system.start()
  expect(readdirSync(folder)).toHaveLength(2)
  expect(system.reports.filter((report) => report.includes("can't"))).toEqual([])
  await system.stop()
  rmSync(folder, { recursive: true })
  writeFileSync(folder, 'no folder')
  await system.start()
  expect(system.reports.some((report) => report.includes("keys can't be destroyed"))).toBe(true)
  expect((await system.run('S3')).status).toBe(200)
})

test('a wrong passphrase, a changed byte and a changed expiry open nothing, and nothing is replaced', async () => {
  await system.run('S3')
  await system.stop()
  const text = await backup()
  const before = readFileSync(join(system.data, 'keys', 'keys.sqlite'))
  const changed = text.replace(
    /"content":"(.)/,
    (_, first) => `"content":"${first === 'A' ? 'B' : 'A'}`,
  )
  const later = text.replace(/"expires":\d+/, `"expires":${Date.now() + 300 * DAY}`)
  await expect(restore(text, { passphrase: 'wrong horse battery' })).rejects.toThrow(
    LockedFileFault,
  )
  await expect(restore(changed)).rejects.toThrow(LockedFileFault)
  await expect(restore(later)).rejects.toThrow(LockedFileFault)
  await expect(restore('{}')).rejects.toThrow(LockedFileFault)
  expect(readFileSync(join(system.data, 'keys', 'keys.sqlite')).equals(before)).toBe(true)
})

test('a key store that can be read is not replaced by an older one unless that is said', async () => {
  await system.stop()
  const text = await backup()
  await expect(restore(text, { replace: false })).rejects.toThrow('--replace')
})

test('what a killed restoration left is gone at the next start', async () => {
  await system.stop()
  const left = join(system.data, 'keys', 'keys.sqlite.restoring')
  writeFileSync(left, 'keys', { mode: 0o600 })
  await system.start()
  expect(readdirSync(join(system.data, 'keys'))).not.toContain('keys.sqlite.restoring')
})

test('the backup holds no key in plain', async () => {
  await system.run('S3')
  await system.stop()
  const text = await backup()
  const [intent] = intentsOf((await audit(system.data)).leaves)
  const plain = Buffer.from(
    (JSON.parse(text) as { content: string }).content,
    'base64url',
  ).toString('latin1')
  expect(readFileSync(join(system.data, 'keys', 'keys.sqlite'), 'latin1')).toContain(
    intent!.subject,
  )
  expect(plain).not.toContain(intent!.subject)
  expect(plain).not.toContain('SQLite format')
})
