/** One verification from the outside: keys, source, evidence and pin are read, all cores used, the new pin written. */
import { randomInt } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { examiningThreads } from '../adapters/verify-threads/examining-threads.ts'
import type { Handed } from '../gateway/console/evidence.ts'
import { parsePins, pinsText } from '../gateway/console/pins.ts'
import { verify } from '../gateway/console/verify.ts'
import type { Verified, VerifyParts } from '../gateway/console/verify.ts'
import { parsePinnedKeys } from '../gateway/ledger/pinned-keys.ts'
import { openSource, type Whence } from './open-source.ts'

export interface VerifyLedgerOptions extends Whence {
  /** Text of the pinned keys. */
  readonly keys: string
  /** File of an earlier verification, written anew when nothing is found; made where it is not there. */
  readonly since?: string
  readonly receipts?: readonly string[]
  readonly notes?: readonly string[]
  /** Not every signature: that of each megabyte's last checkpoint, and of one in 32. */
  readonly quick?: boolean
  readonly threads?: number
  readonly now: number
  readonly onProgress?: VerifyParts['onProgress']
}

const ONE_IN = 32

export async function verifyLedger(options: VerifyLedgerOptions): Promise<Verified> {
  const { now, onProgress, quick, since } = options
  const keys = parsePinnedKeys(options.keys)
  const { published, source } = openSource(options, keys)
  const threads = examiningThreads(options.threads)
  try {
    const verified = await verify({
      keys,
      source,
      now,
      onProgress,
      examine: threads.examine,
      width: threads.width,
      since:
        since !== undefined && existsSync(since)
          ? parsePins(readFileSync(since, 'utf8'))
          : undefined,
      evidence: {
        receipts: handed('receipt', options.receipts),
        notes: handed('note', options.notes),
        published,
      },
      sample: quick === true ? { every: ONE_IN, offset: randomInt(ONE_IN) } : undefined,
    })
    if (since !== undefined && verified.findings.length === 0)
      writePins(since, pinsText(verified.pins))
    return verified
  } finally {
    await threads.close()
    await source.close?.()
  }
}

function handed(what: string, files: readonly string[] = []): Handed[] {
  return files.map((file) => ({
    name: `${what} ${basename(file)}`,
    text: readFileSync(file, 'utf8'),
  }))
}

/** Whole or not at all: a pin that was half written would have to be thrown away. */
function writePins(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { flush: true })
  renameSync(`${file}.new`, file)
}
