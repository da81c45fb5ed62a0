/** Every chain of a data folder, from the bytes of its journals and the pinned keys alone, on this thread. */
import * as fs from 'node:fs'
import { verify } from '../../gateway/console/verify.ts'
import type { Verified, VerifyParts } from '../../gateway/console/verify.ts'
import { Examiner } from '../../gateway/ledger/examine.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { journalSource } from './chain-source.ts'
import type { JournalSourceOptions } from './chain-source.ts'
import { keysFile } from './keys-file.ts'

export type { Verified } from '../../gateway/console/verify.ts'

export interface VerifyOptions
  extends
    Pick<VerifyParts, 'now' | 'evidence' | 'since' | 'sample' | 'onProgress'>,
    Omit<JournalSourceOptions, 'instance'> {
  /** Text of the pinned keys; absent: `<data>/ledger/keys.txt`. */
  readonly keys?: string
}

/** Throws where the keys can't be read; whatever is wrong with the ledger is a finding. */
export async function verifyData(options: VerifyOptions): Promise<Verified> {
  const keys = parsePinnedKeys(options.keys ?? fs.readFileSync(keysFile(options.data), 'utf8'))
  const instance = keys.registry?.name.split('/')[0] ?? ''
  const examiner = new Examiner()
  return verify({
    ...options,
    keys,
    source: journalSource({ ...options, instance }),
    examine: (chunk, how) => examiner.examine(chunk, how),
  })
}
