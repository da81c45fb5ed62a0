/** The Ed25519 keys that sign checkpoints: made at the first start, read ever after. */
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { replaceFile } from '../adapters/certs-folder/durable-file.ts'

/**
 * `mayBeNew`: at the very first start only. Later a missing key is a loss: a chain that went on under another key would
 * look forged.
 */
export function logKey(path: string, mayBeNew: boolean): KeyObject {
  if (existsSync(path)) return readLogKey(path)
  if (!mayBeNew) throw new Error(`the log key ${path} is gone: restore it from its backup`)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const { privateKey } = generateKeyPairSync('ed25519')
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
  // Whole or not at all: half a key would stop every start after this one.
  replaceFile(path, pem, 0o600)
  return privateKey
}

/** Who can read this key can write another history under our name. */
function readLogKey(path: string): KeyObject {
  if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
    throw new Error(`the log key ${path} can be read by other users; it must have mode 0600`)
  }
  const key = createPrivateKey(readFileSync(path))
  if (key.asymmetricKeyType !== 'ed25519') throw new Error(`the log key ${path} is not Ed25519`)
  return key
}
