/**
 * How far the chains had grown, noted outside their folder: a backup of the ledger that is put back under the same keys would give the
 * same numbers to other leaves, and its operator would have signed two histories. The ledger alone can't tell; whoever kept this mark can.
 *
 * Written at genesis, once a minute and at the end; never names a leaf that was not durable.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFileSlowly } from '../adapters/certs-folder/durable-file.ts'
import { nodeDisk } from '../adapters/ledger-journal/disk.ts'
import { chainFolder } from '../adapters/ledger-journal/folders.ts'
import { readSegment, segmentNumbers } from '../adapters/ledger-journal/recover.ts'
import { usedPart } from '../adapters/ledger-journal/used-part.ts'
import type { Head } from '../gateway/ledger/entry.ts'
import { digestOfTreeHash, treeHashOfDigest } from '../gateway/ledger/hash.ts'
import { parseCheckpoint, parseNote } from '../gateway/ledger/note.ts'
import { isConsistent } from '../gateway/ledger/proofs.ts'
import { canonicalJson } from '../policies/canonical-json.ts'
import { foldersOf, type GatewayConfig } from './config.ts'
import type { ProvingArchive } from './open-witnessing.ts'
import type { Report } from '../gateway/ports/telemetry.ts'

const EVERY_MS = 60_000

/** What a person reads who has put back a backup. */
export class LedgerBehind extends Error {
  override readonly name = 'LedgerBehind'
}

export class HighWater {
  readonly #file: string
  readonly #marks: readonly Head[]
  readonly #data: string
  #note: () => Promise<void> = () => Promise.resolve()
  #timer: NodeJS.Timeout | undefined

  /** Throws where the mark can't be read: without it nobody could tell. */
  constructor({ data, archive }: Pick<GatewayConfig, 'archive' | 'data'>) {
    this.#data = data
    this.#file = archive?.highWater ?? join(foldersOf(data).keys, 'high-water.json')
    this.#marks = existsSync(this.#file)
      ? marksIn(readFileSync(this.#file, 'utf8'), this.#file)
      : []
  }

  /** Before anything is opened, and so before anything could be signed. Throws `LedgerBehind`. */
  check(): void {
    for (const mark of this.#marks) {
      const { origin, root, size } = mark
      const there = newestCheckpoint(chainFolder(this.#data, origin))
      if ((there?.size ?? 0) < size) throw behind(mark, `${String(there?.size ?? 0)} are there`)
      if (there?.size === size && digestOfTreeHash(there.root) !== root)
        throw behind(mark, 'others are there')
    }
  }

  /** Whether a chain that is longer than its mark is one that goes on from it. Throws `LedgerBehind`. */
  checkGrowth(origin: string, archive: ProvingArchive): void {
    const mark = this.#marks.find((each) => each.origin === origin)
    const note = archive.checkpoint() ?? ''
    const now = parseCheckpoint(parseNote(note)?.text ?? '')
    if (mark === undefined || now === undefined) return
    const before = { size: mark.size, root: treeHashOfDigest(mark.root) }
    if (isConsistent(before, now, archive.consistency(mark.size, note))) return
    throw behind(mark, 'others are there')
  }

  /** Notes now, once a minute, and when it is stopped. */
  async keep(heads: () => readonly Head[], report: Report): Promise<void> {
    await this.#write(heads())
    let noting: Promise<void> = Promise.resolve()
    this.#note = () => {
      noting = noting
        .then(() => this.#write(heads()))
        .catch(() => report(`${this.#file} could not be written: see to its disk`))
      return noting
    }
    this.#timer = setInterval(() => void this.#note(), EVERY_MS).unref()
  }

  /** A last time. Never rejects: what else is to be closed must be, and an older mark is still true. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#note()
  }

  async #write(heads: readonly Head[]): Promise<void> {
    const chains = heads.map(({ origin, root, size }) => ({ origin, root, size }))
    await replaceFileSlowly(this.#file, `${canonicalJson({ chains, v: 1 })}\n`, 0o600)
  }
}

function marksIn(text: string, file: string): readonly Head[] {
  try {
    const { chains, v } = JSON.parse(text) as { chains: readonly Head[]; v: unknown }
    if (v === 1 && chains.every(({ size }) => Number.isSafeInteger(size))) return chains
  } catch {
    // Told below.
  }
  throw new Error(
    `${file} is damaged. It says how far the ledger had grown: restore it from its backup, or take it away only if you know that the ledger is the newest one.`,
  )
}

function newestCheckpoint(folder: string): ReturnType<typeof usedPart>['checkpoint'] {
  for (const number of segmentNumbers(nodeDisk, folder).reverse()) {
    const { checkpoint } = usedPart(readSegment({ disk: nodeDisk, folder }, number))
    if (checkpoint !== undefined) return checkpoint
  }
  return undefined
}

function behind({ origin, size }: Head, there: string): LedgerBehind {
  return new LedgerBehind(
    [
      `The ledger is not the one that was here: ${origin} had ${String(size)} leaves, ${there}.`,
      'Going on from it would sign a second history under the same keys, and receipts of departments would convict it.',
      'Put the newer ledger back. If it is lost, keep this one aside to verify and replay, and begin another: an empty --data folder with new keys and a gateway id that was never used.',
    ].join('\n'),
  )
}
