/** A registry that several gateways share: one history, the same at all of them, in which every chain begins once and ends once. */
import { CommitReader } from '../../adapters/ledger-journal/commit-reader.ts'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import { readChain } from '../../adapters/ledger-journal/read-chain.ts'
import type { ClosureRecord, GenesisRecord } from '../../gateway/ledger/registry-events.ts'
import type { SimDisk } from '../harness/sim-disk.ts'
import { Broken, type Observed } from './observed.ts'
import { DATA } from './sim-config.ts'
import type { SimGateway } from './sim-gateway.ts'

/**
 * Byte for byte. What is followed must be durable at the registrar by then: whatever the next power cut takes from him, he goes on from
 * there.
 */
export function checkFollowed(
  { config: { gateway }, disk }: SimGateway,
  registrar: SimGateway,
  atLeast: number,
): void {
  const origin = `${registrar.config.instance}/registry`
  const theirs = registryOn(registrar.disk.durable(), origin)
  const followed = registryOn(disk, origin)
  if (followed.size < atLeast) {
    const sentence = `${gateway} had followed ${atLeast} leaves of ${origin}, ${followed.size} are there`
    throw new Broken('L3/L4', sentence)
  }
  if (theirs.bytes.subarray(0, followed.bytes.length).equals(followed.bytes)) return
  const sentence = `what ${gateway} has followed of ${origin} (${followed.size} leaves) is not how it begins`
  throw new Broken('L6', `${sentence}: ${theirs.size} are durable there`)
}

function registryOn(disk: SimDisk, origin: string): { readonly size: number; bytes: Buffer } {
  const reader = new CommitReader({ disk, folder: chainFolder(DATA, origin), origin })
  const size = reader.size()
  const commits = reader.read(0, size, Infinity)
  return { size, bytes: Buffer.concat(commits.map(({ payload }) => payload)) }
}

interface Life {
  geneses: number
  closures: number
  successors: number
}

/** D7, of what is durable; every chain that anybody wrote a leaf of was opened. */
export function checkLives(registrar: SimGateway, observed: Observed): void {
  const lives = livesOn(registrar)
  for (const [chain, { closures, geneses, successors }] of lives) {
    if (geneses === 1 && closures <= 1 && successors <= 1 && successors <= closures) continue
    const counts = `${geneses} geneses, ${closures} closures, ${successors} successors`
    throw new Broken('L6', `${chain} has ${counts} in the registry`)
  }
  for (const [origin, heads] of observed.heads) {
    if (origin.endsWith('/registry') || lives.has(origin)) continue
    if (Math.max(...heads.keys()) > 0)
      throw new Broken('L6', `${origin} was written, and never opened`)
  }
}

function livesOn({ config: { instance }, disk }: SimGateway): ReadonlyMap<string, Life> {
  const lives = new Map<string, Life>()
  const of = (chain: string): Life => {
    const known = lives.get(chain) ?? { geneses: 0, closures: 0, successors: 0 }
    lives.set(chain, known)
    return known
  }
  const origin = `${instance}/registry`
  readChain({
    ...{ disk: disk.durable(), folder: chainFolder(DATA, origin), origin, twoPhase: true },
    visit: ({ leaf, record }) => {
      if (leaf.kind === 'closure') of((JSON.parse(record) as ClosureRecord).chain).closures += 1
      if (leaf.kind !== 'genesis') return
      const { chain, predecessor } = JSON.parse(record) as GenesisRecord
      of(chain).geneses += 1
      if (predecessor !== undefined) of(predecessor.chain).successors += 1
    },
  })
  return lives
}
