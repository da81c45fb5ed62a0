/** The time-stamps of a data folder's ledger, checked offline against pinned roots: those of the gateway whose chains stand there. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { anchorsFolder, readAnchors } from '../adapters/checkpoints-folder/anchors-folder.ts'
import { chainFolder, ledgerFolder } from '../adapters/ledger-journal/folders.ts'
import { readChain } from '../adapters/ledger-journal/read-chain.ts'
import { stampChecker } from '../adapters/timestamp-rfc3161/timestamp-authority.ts'
import { checkAnchors } from '../gateway/ledger/check-anchors.ts'
import type { CheckedAnchors } from '../gateway/ledger/check-anchors.ts'
import type { AnchorRecord, GenesisRecord } from '../gateway/ledger/registry-events.ts'
import { originOf } from './read-ledger.ts'
import { readRoots, timestampRootsFile } from './timestamp-roots.ts'

export interface VerifyAnchors {
  readonly data: string
  /** PEM; undefined: those that the ledger's own folder names. */
  readonly roots: readonly string[] | undefined
  readonly now: number
}

/** Undefined where nothing was ever time-stamped. Throws where the folder's roots can't be read. */
export async function verifyAnchors(options: VerifyAnchors): Promise<CheckedAnchors | undefined> {
  const { data, now } = options
  // Leaves first, then what they name, and only then the chains: a gateway may be running.
  const { leaves, registry } = anchorLeaves(data)
  const folder = anchorsFolder(ledgerFolder(data))
  if (registry === undefined || (leaves.size === 0 && !existsSync(folder))) return undefined
  const check = stampChecker({ roots: options.roots ?? ownRoots(data) })
  return checkAnchors({ registry, anchors: readAnchors(folder), leaves, check, now })
}

function ownRoots(data: string): readonly string[] {
  const file = timestampRootsFile(data)
  return existsSync(file) ? readRoots(file) : []
}

function anchorLeaves(data: string): {
  readonly registry: string | undefined
  readonly leaves: ReadonlyMap<number, AnchorRecord>
} {
  const folder = join(ledgerFolder(data), 'registry')
  const registry = originOf(folder)
  const all = new Map<number, AnchorRecord>()
  const gateways = new Set<string>()
  if (registry === undefined) return { registry, leaves: all }
  readChain({
    folder,
    origin: registry,
    twoPhase: true,
    visit: ({ index, leaf, record }) => {
      if (leaf.kind === 'anchor') all.set(index, JSON.parse(record) as AnchorRecord)
      if (leaf.kind !== 'genesis') return
      const { chain, gateway } = JSON.parse(record) as GenesisRecord
      if (existsSync(chainFolder(data, chain))) gateways.add(gateway)
    },
  })
  // The registry is followed by every gateway; the stamps stand where they were made.
  const own = [...all].filter(([, { gateway }]) => gateways.has(gateway))
  return { registry, leaves: new Map(own) }
}
