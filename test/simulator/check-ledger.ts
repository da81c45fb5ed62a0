/** What must hold of a ledger whenever it is read: all that was acknowledged is there, once, and every root that was seen. */
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import { readChain } from '../../adapters/ledger-journal/read-chain.ts'
import { leafHashOf, digestOfTreeHash, type TreeHash } from '../../gateway/ledger/hash.ts'
import { leafText } from '../../gateway/ledger/leaf.ts'
import { EMPTY_EDGE, Growth } from '../../gateway/ledger/tree.ts'
import { Broken, type Observed } from './observed.ts'
import { DATA } from './sim-config.ts'
import type { SimGateway } from './sim-gateway.ts'

interface Read {
  readonly leaves: readonly string[]
  readonly records: readonly string[]
  readonly kinds: readonly string[]
}

/** L2, L3, L4 and L6 of every chain that a gateway writes and that anybody ever saw; throws `Broken`. */
export function checkLedger(gateway: SimGateway, observed: Observed): void {
  const own = [...observed.heads.keys()].filter((origin) => gateway.writes(origin))
  const found = new Map<string, string>()
  for (const origin of own) {
    const read = readAll(gateway, origin)
    checkAcknowledged(origin, read, observed)
    checkRoots(origin, read, observed)
    if (!origin.endsWith('/registry')) checkOnce(origin, read, { observed, found })
  }
}

function readAll(gateway: SimGateway, origin: string): Read {
  const leaves: string[] = []
  const records: string[] = []
  const kinds: string[] = []
  readChain({
    disk: gateway.disk,
    folder: chainFolder(DATA, origin),
    origin,
    twoPhase: origin.endsWith('/registry'),
    visit: ({ leaf, record }) => {
      leaves.push(leafText(leaf.kind, leaf.record, leaf.public))
      records.push(record)
      kinds.push(leaf.kind)
    },
  })
  return { leaves, records, kinds }
}

function checkAcknowledged(origin: string, { leaves, records }: Read, observed: Observed): void {
  for (const each of observed.acknowledged) {
    if (each.origin !== origin) continue
    if (leaves[each.index] === each.leaf && records[each.index] === each.record) continue
    const instead = leaves[each.index] === undefined ? 'is gone' : 'holds something else'
    throw new Broken('L3/L4', `leaf ${each.index} of ${origin} was acknowledged and ${instead}`)
  }
}

function checkRoots(origin: string, { leaves }: Read, observed: Observed): void {
  const hashes: TreeHash[] = leaves.map(leafHashOf)
  for (const [size, root] of observed.heads.get(origin) ?? []) {
    if (size === 0) continue
    if (size > hashes.length) {
      throw new Broken(
        'L3/L4',
        `${origin} said that ${size} leaves are durable; ${hashes.length} are there`,
      )
    }
    const now = digestOfTreeHash(new Growth(EMPTY_EDGE, hashes.slice(0, size)).root)
    if (now !== root)
      throw new Broken('L6', `the root of ${size} leaves of ${origin} is another one now`)
  }
}

/** What the process itself records around exchanges. */
const OWN_KINDS = new Set(['opening', 'heads', 'seal'])

function checkOnce(
  origin: string,
  { kinds, records }: Read,
  { found, observed }: { readonly found: Map<string, string>; readonly observed: Observed },
): void {
  for (const [index, record] of records.entries()) {
    if (OWN_KINDS.has(kinds[index] ?? '')) continue
    const place = `leaf ${index} of ${origin}`
    if (!observed.wasSubmitted(record)) throw new Broken('L2', `nobody submitted ${place}`)
    const before = found.get(record)
    if (before !== undefined) throw new Broken('L2', `${place} is ${before} once more`)
    found.set(record, place)
  }
}
