/** The ledger of a data folder as its readers need it: the registry folded, then the exchange chains in order. Reads only. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { nodeDisk } from '../adapters/ledger-journal/disk.ts'
import { chainFolder, ledgerFolder } from '../adapters/ledger-journal/folders.ts'
import { readSegmentHeader } from '../adapters/ledger-journal/frame.ts'
import { readChain } from '../adapters/ledger-journal/read-chain.ts'
import { readSegment, segmentNumbers } from '../adapters/ledger-journal/recover.ts'
import type { LeafKind } from '../gateway/ledger/entry.ts'
import { RegistryView } from '../gateway/projections/registry-view.ts'

export interface LedgerLeaf {
  readonly chain: string
  readonly index: number
  readonly kind: LeafKind
  readonly record: unknown
}

export interface LedgerReader {
  readonly view: RegistryView
  /** Every leaf of every exchange chain, chains in the order in which they were opened. */
  readonly exchangeLeaves: (visit: (leaf: LedgerLeaf) => void) => void
}

/** What a person reads who names a folder without a ledger. */
export class NoLedger extends Error {
  override readonly name = 'NoLedger'
}

export function readLedger(data: string): LedgerReader {
  const folder = join(ledgerFolder(data), 'registry')
  const origin = originOf(folder)
  if (origin === undefined) {
    throw new NoLedger(
      `${data} holds no ledger. Name the data folder with --data, or run npm start first.`,
    )
  }
  const view = new RegistryView()
  readChain({
    folder,
    origin,
    twoPhase: true,
    visit: ({ index, leaf, record }) => {
      view.take(index, leaf.kind, JSON.parse(record))
    },
  })
  return {
    view,
    exchangeLeaves: (visit) => {
      for (const { record } of view.geneses) visitChain(data, record.chain, visit)
    },
  }
}

function visitChain(data: string, chain: string, visit: (leaf: LedgerLeaf) => void): void {
  const folder = chainFolder(data, chain)
  if (!existsSync(folder)) return
  readChain({
    folder,
    origin: chain,
    twoPhase: false,
    visit: ({ index, leaf, record }) => {
      visit({ chain, index, kind: leaf.kind, record: JSON.parse(record) })
    },
  })
}

/** The chain's name stands in the header of its segments. */
export function originOf(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined
  const [first] = segmentNumbers(nodeDisk, folder)
  if (first === undefined) return undefined
  return readSegmentHeader(readSegment({ disk: nodeDisk, folder }, first))?.origin
}
