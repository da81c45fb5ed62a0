/** One verification from the outside: keys, source, evidence and pin are read, all cores used. */
import { randomInt } from 'node:crypto'
import { accessSync, constants, existsSync, renameSync, writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { codeOf } from '../adapters/ledger-journal/disk.ts'
import { examiningThreads } from '../adapters/verify-threads/examining-threads.ts'
import type { Evidence, Handed } from '../gateway/console/evidence.ts'
import { parsePins, pinsText } from '../gateway/console/pins.ts'
import { verify } from '../gateway/console/verify.ts'
import type { Verified, VerifyParts } from '../gateway/console/verify.ts'
import { parsePinnedKeys } from '../gateway/ledger/pinned-keys.ts'
import type { CheckedAnchors } from '../gateway/ledger/check-anchors.ts'
import { ordersOnRecord } from './duties/check-duties.ts'
import { openSource, type Whence } from './open-source.ts'
import { readNamed } from './read-named.ts'
import { namedRoots } from './timestamp-roots.ts'
import { verifyAnchors } from './verify-anchors.ts'

export interface VerifyLedgerOptions extends Whence {
  /** Text of the pinned keys. */
  readonly keys: string
  /** File of an earlier verification, read on from; it need not be there yet. `keepPins` writes it. */
  readonly since?: string
  readonly receipts?: readonly string[]
  readonly notes?: readonly string[]
  /** Not every signature: that of each megabyte's last checkpoint, and of one in 32. */
  readonly quick?: boolean
  readonly threads?: number
  /** File of the roots that time-stamps must lead to; absent: `ledger/timestamp-roots.pem` of the data folder. */
  readonly timestampRoots?: string
  readonly now: number
  readonly onProgress?: VerifyParts['onProgress']
}

const ONE_IN = 32

export interface VerifiedLedger extends Verified {
  /** Absent: nothing was ever time-stamped, or the source carries no time-stamps. */
  readonly stamps?: Pick<CheckedAnchors, 'count' | 'newest'>
}

export async function verifyLedger(options: VerifyLedgerOptions): Promise<VerifiedLedger> {
  const { data, now, onProgress, quick } = options
  const keys = parsePinnedKeys(options.keys)
  // All that was named, whether or not it will be needed: a wrong name is told before anything is verified.
  const { evidence, roots, since } = readNamedIn(options)
  const { published, source } = await openSource(options, keys)
  const anchors = isData(options) ? await verifyAnchors({ data, now, roots }) : undefined
  const orders = ordersOnRecord(keys.registry?.name ?? '')
  const threads = examiningThreads(options.threads)
  try {
    const verified = await verify({
      keys,
      source,
      now,
      onProgress,
      examine: threads.examine,
      width: threads.width,
      since,
      evidence: { ...evidence, ...published, stamped: anchors?.heads ?? [] },
      sample: sampling(quick === true),
      onRegistryLeaf: orders.take,
    })
    const findings = [...(anchors?.findings ?? []), ...verified.findings, ...orders.findings]
    return { ...verified, findings, ...(anchors && { stamps: anchors }) }
  } finally {
    await threads.close()
    await source.close?.()
  }
}

function sampling(quick: boolean): VerifyParts['sample'] {
  return quick ? { every: ONE_IN, offset: randomInt(ONE_IN) } : undefined
}

interface Named extends Pick<VerifyParts, 'since'> {
  readonly evidence: Evidence
  readonly roots: readonly string[] | undefined
}

function readNamedIn(options: VerifyLedgerOptions): Named {
  const { since, timestampRoots } = options
  return { evidence: handedIn(options), roots: namedRoots(timestampRoots), since: readPins(since) }
}

function readPins(file: string | undefined): VerifyParts['since'] {
  if (file === undefined || !existsSync(file)) return undefined
  const expected = 'the pin of the last verification, or a file that is not there yet'
  return parsePins(readNamed(file, expected).toString())
}

function handedIn({ notes, receipts }: VerifyLedgerOptions): Evidence {
  return {
    receipts: handed('receipt', 'a receipt', receipts),
    notes: handed('note', 'a signed checkpoint', notes),
  }
}

function isData({ kafka, tiles }: Whence): boolean {
  return kafka === undefined && tiles === undefined
}

function handed(what: string, expected: string, files: readonly string[] = []): Handed[] {
  return files.map((file) => ({
    name: `${what} ${basename(file)}`,
    text: readNamed(file, `the file of ${expected}`).toString(),
  }))
}

/** Throws RangeError where `keepPins` could not write: better known before the verification than after it. Writes nothing. */
export function assertPinsKept(file: string): void {
  try {
    // With the dot a file in the place of the folder is refused as well.
    accessSync(`${dirname(file)}/.`, constants.W_OK | constants.X_OK)
  } catch (fault) {
    const why = codeOf(fault) ?? 'unknown'
    throw new RangeError(
      `${file} can't be written (${why}): name a pin in a folder that is there, and that you may write into`,
      { cause: fault },
    )
  }
}

/** For `since` of the next one, where nothing was found. Whole or not at all: half a pin would have to be thrown away. */
export function keepPins(file: string, { pins }: Pick<Verified, 'pins'>): void {
  writeFileSync(`${file}.new`, pinsText(pins), { flush: true })
  renameSync(`${file}.new`, file)
}
