/**
 * Takes away records whose time is over, while the gateway stands still. For each chain, in this order: a `pruned` leaf in the registry,
 * then the segments, one by one, each in one step. A crash in between leaves a leaf and some records more than it says; the next run
 * goes on.
 */
import { ArchiveFolder } from '../../adapters/archive-folder/archive-folder.ts'
import { nodeDisk } from '../../adapters/ledger-journal/disk.ts'
import { chainFolder, ledgerFolder } from '../../adapters/ledger-journal/folders.ts'
import { lockFolder } from '../../adapters/ledger-journal/lock.ts'
import { readSegment } from '../../adapters/ledger-journal/recover.ts'
import { replaceSegment, stripped } from '../../adapters/ledger-journal/strip-segment.ts'
import { usedPart } from '../../adapters/ledger-journal/used-part.ts'
import { contentsOf, manifestText } from '../../gateway/ledger/archive-manifest.ts'
import { digestOf } from '../../gateway/ledger/hash.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import type { PrunedRecord } from '../../gateway/ledger/registry-events.ts'
import type { LogSigner } from '../../gateway/ledger/signer.ts'
import type { Clock } from '../../gateway/ports/clock.ts'
import { appendAll } from '../../gateway/registry/publish.ts'
import { openArchive } from '../archive/open-archive.ts'
import { HighWater } from '../high-water.ts'
import { openRegistry } from '../open-registry.ts'
import { readLedger } from '../read-ledger.ts'
import { verifyAnchors } from '../verify-anchors.ts'
import { heldBy } from './held-by.ts'
import { planPruning, type PlannedChain } from './plan-pruning.ts'
import { provenFrom } from './proven.ts'
import { readPrunable } from './read-prunable.ts'

export interface PruneOptions {
  readonly data: string
  /** The archive's folder. */
  readonly archive: string
  /** Text of the pinned keys. */
  readonly keys: string
  /** Milliseconds; not in the future. */
  readonly before: number
  readonly leastDays: number
  readonly officers: readonly [string, string]
  /** How many witnesses must have cosigned. */
  readonly cosignatures: number
  readonly timestampRoots?: string
  readonly signer: LogSigner
  /** Milliseconds: what is judged by. */
  readonly now: number
  /** For what is recorded. */
  readonly clock: Clock
  /** Nothing is changed. */
  readonly dryRun: boolean
  /** Where the high-water mark stands, if not beside the keys. */
  readonly highWater?: string
  /** Tests stop here. */
  readonly onStep?: (step: 'recorded' | 'stripped') => void
}

/** What stands against it; nothing was changed. */
export class PruningRefused extends Error {
  override readonly name = 'PruningRefused'
}

const OFFICER = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

export async function prune(options: PruneOptions): Promise<PlannedChain[]> {
  const { data } = options
  if (options.before > options.now)
    throw new PruningRefused('--before lies in the future: nobody knows what must be kept then')
  const lock = await lockFolder(ledgerFolder(data))
  try {
    const { highWater } = options
    new HighWater({ data, ...(highWater !== undefined && { archive: { highWater } }) }).check()
    const { digest, planned } = await plan(options)
    if (!options.dryRun) await carryOut(planned, digest, options)
    return planned
  } finally {
    await lock.release()
  }
}

async function plan(
  options: PruneOptions,
): Promise<{ readonly planned: PlannedChain[]; readonly digest: PrunedRecord['archive'] }> {
  const { before, clock, cosignatures, data, leastDays } = options
  const archive = new ArchiveFolder(options.archive)
  const manifests = openArchive(archive, options.keys)
  const newest = manifests.at(-1)
  if (newest === undefined)
    throw new PruningRefused('the archive holds nothing yet: gongdao archive')
  const ledger = readLedger(data)
  const { chains, closures, isOpen, registry } = readPrunable(data, ledger)
  checkOfficers(options.officers, ledger.view.duties.newestOfficers()?.record.officers)
  const anchors = await verifyAnchors(options)
  if (anchors !== undefined && anchors.findings.length > 0)
    throw new PruningRefused('the time-stamps are not in order: gongdao verify says what is wrong')
  const keys = parsePinnedKeys(options.keys)
  const held = heldBy(data, ledger.view.duties, clock)
  try {
    const planned = planPruning(chains, {
      data,
      before,
      leastDays,
      archive,
      contents: contentsOf(manifests),
      pruned: ledger.view.upkeep.pruned,
      isOpen,
      isHeld: held.isHeld,
      unproven: provenFrom({
        data,
        keys,
        registry,
        closures,
        stamped: anchors?.heads ?? [],
        cosignatures,
      }),
    })
    return { planned, digest: digestOf(manifestText(newest)) }
  } finally {
    held.close()
  }
}

/** Where the registry names officers, it is two of them. */
function checkOfficers(
  [first, second]: readonly [string, string],
  registered: readonly { readonly id: string }[] | undefined,
): void {
  if (!OFFICER.test(first) || !OFFICER.test(second) || first === second)
    throw new PruningRefused(
      'name two officers by their registered codes: --officers DPO-1,AUDIT-1',
    )
  const known = registered?.map(({ id }) => id)
  if (known !== undefined && ![first, second].every((officer) => known.includes(officer)))
    throw new PruningRefused(`the registry knows these officers: ${known.join(', ')}`)
}

async function carryOut(
  planned: readonly PlannedChain[],
  archive: PrunedRecord['archive'],
  options: PruneOptions,
): Promise<void> {
  const { clock, data, keys, signer } = options
  const instance = parsePinnedKeys(keys).registry?.name.split('/')[0] ?? ''
  const onFatal = (fault: Error): void => {
    throw fault
  }
  const nobody = { issuing: '', root: '' }
  const registry = await openRegistry({ data, instance }, nobody, { clock, onFatal, signer })
  try {
    for (const { chain, segments, size } of planned) {
      if (size > (registry.view.upkeep.pruned.get(chain) ?? 0)) {
        const [first, second] = options.officers
        const record: PrunedRecord = {
          archive,
          at: registry.clock.now(),
          chain,
          officers: first < second ? [first, second] : [second, first],
          size,
          v: 1,
        }
        await appendAll(registry, [{ kind: 'pruned', record: JSON.stringify(record) }])
        options.onStep?.('recorded')
      }
      for (const number of segments) await strip(chainFolder(data, chain), number, options)
    }
  } finally {
    await registry.chain.close()
  }
}

async function strip(folder: string, number: number, { onStep }: PruneOptions): Promise<void> {
  const { bytes } = usedPart(readSegment({ disk: nodeDisk, folder }, number))
  await replaceSegment({ disk: nodeDisk, folder }, number, stripped(bytes))
  onStep?.('stripped')
}
