/** Time-stamps over the heads of all chains, one a line, in the order of their numbers. */
import * as path from 'node:path'
import { anchorLine, parseAnchor } from '../../gateway/ledger/anchor.ts'
import type { Anchor } from '../../gateway/ledger/anchor.ts'
import { LineLog, readLines } from './line-log.ts'

/** Below the folder of all chains, so that a backup of the ledger has them. */
export function anchorsFolder(ledgerFolder: string): string {
  return path.join(ledgerFolder, 'anchors')
}

export class AnchorsFolder {
  readonly #lines: LineLog

  private constructor(lines: LineLog) {
    this.#lines = lines
  }

  static async open(folder: string): Promise<AnchorsFolder> {
    return new AnchorsFolder(await LineLog.open(folder, (line) => parseAnchor(line) !== undefined))
  }

  get last(): Anchor | undefined {
    return parseAnchor(this.#lines.last ?? '')
  }

  /** Resolves when it survives a power cut. */
  async append(anchor: Anchor): Promise<void> {
    await this.#lines.append(anchorLine(anchor))
  }

  close(): Promise<void> {
    return this.#lines.close()
  }
}

/** What stands there, also while a gateway appends; undefined for a line that is not an anchor. */
export function* readAnchors(folder: string): Generator<Anchor | undefined, undefined> {
  for (const line of readLines(folder)) yield parseAnchor(line)
  return
}
