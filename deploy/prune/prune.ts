/**
 * Takes away records whose time is over, by an order of two officers; the gateway may run meanwhile. In this order: what may go is
 * found; the `pruned` leaves are durable in the registry; then the segments, one by one, each in one step. A crash in between leaves leaves
 * and some records more than they say; the same order again goes on.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ArchiveFolder } from '../../adapters/archive-folder/archive-folder.ts'
import { nodeDisk } from '../../adapters/ledger-journal/disk.ts'
import { chainFolder, ledgerFolder } from '../../adapters/ledger-journal/folders.ts'
import { lockFolder } from '../../adapters/ledger-journal/lock.ts'
import { readSegment } from '../../adapters/ledger-journal/recover.ts'
import { replaceSegment, stripped } from '../../adapters/ledger-journal/strip-segment.ts'
import { usedPart } from '../../adapters/ledger-journal/used-part.ts'
import type { Order } from '../../gateway/erasure/parts.ts'
import type { PruningPlan } from '../../gateway/erasure/record-pruning.ts'
import { contentsOf, manifestText } from '../../gateway/ledger/archive-manifest.ts'
import { digestOf } from '../../gateway/ledger/hash.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import type { WitnessPolicy } from '../../gateway/ledger/witness-policy.ts'
import { openArchive } from '../archive/open-archive.ts'
import { askDuties } from '../duties/ask-duties.ts'
import { readLedger } from '../read-ledger.ts'
import { namedRoots } from '../timestamp-roots.ts'
import { verifyAnchors } from '../verify-anchors.ts'
import { heldBy } from './held-by.ts'
import { planPruning, type PlannedChain } from './plan-pruning.ts'
import { provenFrom } from './proven.ts'
import { readPrunable } from './read-prunable.ts'

export interface PlanOptions {
  readonly data: string
  /** The archive's folder. */
  readonly archive: string
  /** Text of the pinned keys. */
  readonly keys: string
  /** Milliseconds; not in the future. */
  readonly before: number
  readonly leastDays: number
  /** Witnesses that must have cosigned; absent: none. */
  readonly policy?: WitnessPolicy | undefined
  readonly timestampRoots?: string
  /** Milliseconds: what is judged by. */
  readonly now: number
}

export interface PruneOptions extends Omit<PlanOptions, 'before' | 'leastDays'> {
  /** Two officers': until when, and how long everything is kept at least. */
  readonly order: Order
  /** Tests stop here. */
  readonly onStep?: (step: 'recorded' | 'stripped') => void
}

export interface Planned {
  readonly chains: readonly PlannedChain[]
  /** SHA-256 of the archive's newest manifest. */
  readonly archive: PruningPlan['archive']
}

/** What stands against it; nothing was changed. */
export class PruningRefused extends Error {
  override readonly name = 'PruningRefused'
}

export async function prune(options: PruneOptions): Promise<readonly PlannedChain[]> {
  const { data, onStep, order } = options
  const { act, before, keepDays } = order.statement
  if (act !== 'prune' || before === undefined || keepDays === undefined)
    throw new PruningRefused('the order is not one to prune: gongdao prune order')
  // Two at a time would each write the same new segment.
  const folder = join(ledgerFolder(data), 'pruning')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const lock = await lockFolder(folder)
  try {
    const planned = await plan({ ...options, before, leastDays: keepDays })
    await record(data, order, planned)
    onStep?.('recorded')
    for (const { chain, segments } of planned.chains) {
      for (const number of segments) {
        await strip(chainFolder(data, chain), number)
        onStep?.('stripped')
      }
    }
    return planned.chains
  } finally {
    await lock.release()
  }
}

/** What would go, and what stands against the rest; changes nothing. */
export async function plan(options: PlanOptions): Promise<Planned> {
  const { before, data, leastDays, policy } = options
  if (before > options.now)
    throw new PruningRefused('the day lies in the future: nobody knows what must be kept then')
  const archive = new ArchiveFolder(options.archive)
  const manifests = openArchive(archive, options.keys)
  const newest = manifests.at(-1)
  if (newest === undefined)
    throw new PruningRefused('the archive holds nothing yet: gongdao archive')
  const ledger = readLedger(data)
  const { chains, closures, isOpen, registry, subjects } = readPrunable(data, ledger)
  const roots = namedRoots(options.timestampRoots)
  const anchors = await verifyAnchors({ data, now: options.now, roots })
  if (anchors !== undefined && anchors.findings.length > 0)
    throw new PruningRefused('the time-stamps are not in order: gongdao verify says what is wrong')
  const keys = parsePinnedKeys(options.keys)
  const stamped = anchors?.heads ?? []
  const planned = planPruning(chains, {
    data,
    before,
    leastDays,
    archive,
    contents: contentsOf(manifests),
    pruned: ledger.view.upkeep.pruned,
    isOpen,
    isHeld: await heldBy(data, ledger.view.duties, subjects),
    unproven: provenFrom({ data, keys, registry, closures, stamped, policy }),
  })
  return { chains: planned, archive: digestOf(manifestText(newest)) }
}

/** By the running gateway, or by this process where none runs. */
async function record(data: string, order: Order, { archive, chains }: Planned): Promise<void> {
  const due = chains.filter(({ size }) => size > 0).map(({ chain, size }) => ({ chain, size }))
  if (due.length === 0) return
  const outcome = await askDuties(data, { ask: 'order', order, plan: { archive, chains: due } })
  if (outcome.kind === 'refused') throw new PruningRefused(`${outcome.code}: ${outcome.sentence}`)
}

async function strip(folder: string, number: number): Promise<void> {
  const { bytes } = usedPart(readSegment({ disk: nodeDisk, folder }, number))
  await replaceSegment({ disk: nodeDisk, folder }, number, stripped(bytes))
}
