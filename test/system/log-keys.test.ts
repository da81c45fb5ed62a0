import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { logKey } from '../../deploy/log-keys.ts'

const folder = mkdtempSync(join(tmpdir(), 'gongdao-log-keys-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

test('a log key is made once, for its owner’s eyes only, and read ever after', () => {
  const path = join(folder, 'a.key')
  const made = logKey(path, true)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(logKey(path, false).equals(made)).toBe(true)
})

test('a log key that other users can read, or of another kind, is not used', () => {
  const path = join(folder, 'b.key')
  logKey(path, true)
  chmodSync(path, 0o640)
  expect(() => logKey(path, false)).toThrow('0600')
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const other = join(folder, 'c.key')
  writeFileSync(other, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  expect(() => logKey(other, false)).toThrow('not Ed25519')
})
