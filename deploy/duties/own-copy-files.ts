/**
 * Her own copy, one file a person, under a passphrase that is shown once and kept nowhere. Encrypted, because a plain file that an officer
 * forgets on a disk would undo the erasure: it leads from a person to all her pseudonyms. She gets file and passphrase;
 * whoever finds the file alone has nothing.
 */
import { randomBytes, randomInt } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder, replaceFile } from '../../adapters/certs-folder/durable-file.ts'
import type { CopyFor } from '../../gateway/erasure/erase.ts'
import { lockContent } from './locked-file.ts'

export interface WrittenCopy {
  /** Her place in the officers' list, from 1. */
  readonly person: number
  readonly file: string
  readonly passphrase: string
}

/** `keys`: the verifier keys of the log, so that she can check her receipts with anybody's tool. Durable when it returns. */
export function writeCopies(
  folder: string,
  copies: readonly CopyFor[],
  keys: string,
): readonly WrittenCopy[] {
  makeFolder(folder)
  return copies.map(({ copy, person }) => {
    const passphrase = newPassphrase()
    const file = freeName(join(folder, `own-copy-${String(person)}`))
    const about = { what: copy.what, instance: copy.instance, at: copy.at }
    const content = Buffer.from(JSON.stringify({ ...copy, keys }))
    replaceFile(file, lockContent(content, about, { passphrase, bytes: randomBytes }), 0o600)
    return { person, file, passphrase }
  })
}

/** What an earlier order left there is somebody's only copy: it is never written over. */
function freeName(path: string): string {
  let file = `${path}.json`
  for (let number = 2; existsSync(file); number += 1) file = `${path}-${String(number)}.json`
  return file
}

/** Without letters and digits that are mistaken for others: 24 of 31, 118 bits. */
const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ2345678'

function newPassphrase(): string {
  const groups = Array.from({ length: 6 }, () =>
    Array.from({ length: 4 }, () => ALPHABET[randomInt(ALPHABET.length)]).join(''),
  )
  return groups.join('-')
}
