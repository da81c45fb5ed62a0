/** A witness's key, `<data>/witness.key`: made once, read ever after. */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../adapters/certs-folder/durable-file.ts'
import {
  cosignerOf,
  parseSecretKey,
  secretKeyText,
  type Cosigner,
} from '../gateway/witness/cosignature.ts'

function keyFile(data: string): string {
  return join(data, 'witness.key')
}

/** Throws RangeError where another witness's key is there. */
export function makeWitnessKey(data: string, name: string): Cosigner {
  const file = keyFile(data)
  // Another key would be another witness: whoever pinned the first would count it no more.
  if (!existsSync(file)) {
    const seed = randomBytes(32)
    cosignerOf(name, seed)
    mkdirSync(data, { recursive: true, mode: 0o700 })
    replaceFile(file, `${secretKeyText(name, seed)}\n`, 0o600)
  }
  const cosigner = readWitnessKey(data)
  if (cosigner.name === name) return cosigner
  throw new RangeError(`${file} is the key of ${cosigner.name}: name another folder with --data`)
}

/** Whoever can read this key can cosign anything in the witness's name. */
export function readWitnessKey(data: string): Cosigner {
  const file = keyFile(data)
  if (!existsSync(file)) {
    throw new RangeError(
      `${file} is not there: make it with gongdao witness init NAME --data ${data}`,
    )
  }
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) {
    throw new RangeError(`${file} can be read by other users; it must have mode 0600`)
  }
  const cosigner = parseSecretKey(readFileSync(file, 'utf8'))
  if (cosigner === undefined) throw new RangeError(`${file} is not the key of a witness`)
  return cosigner
}
