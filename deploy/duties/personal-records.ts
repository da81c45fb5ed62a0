/** Everything that the exchange chains of a data folder hold under some pseudonyms, with proofs, and each decision made again. */
import { existsSync } from 'node:fs'
import { makeJudge } from '../../adapters/cedar-engine/judge.ts'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import { readTree } from '../../adapters/ledger-journal/read-chain.ts'
import { Replay } from '../../gateway/console/replay.ts'
import type { PersonalLeaf, PersonalRecord } from '../../gateway/erasure/parts.ts'
import type { DecisionRecord } from '../../gateway/ledger/events.ts'
import { base64OfTreeHash, nodeHash } from '../../gateway/ledger/hash.ts'
import type { TreeHash } from '../../gateway/ledger/hash.ts'
import { inclusionProof } from '../../gateway/ledger/proofs.ts'
import type { NodeSource } from '../../gateway/ledger/proofs.ts'
import { makeExtra } from '../../gateway/ledger/receipt.ts'
import { proofText } from '../../gateway/ledger/tlog-proof.ts'
import { bookOfManifest } from '../../gateway/projections/book-of-manifest.ts'
import { documentCrypto } from '../../gateway/registry/agreement-signatures.ts'
import { readLedger } from '../read-ledger.ts'
import { ownGateway } from './own-gateway.ts'

/** How far the chain of this very process has come. */
export interface Reached {
  readonly chain: string
  readonly size: number
}

/** One for each pseudonym, also where no leaf is under it. Reads only. */
export function personalRecords(
  data: string,
  subjects: ReadonlySet<string>,
  reached?: Reached,
): readonly PersonalRecord[] {
  const { view } = readLedger(data)
  const gateway = ownGateway(data)
  // The chains of other gateways are elsewhere, and so are the keys of those whom they are about.
  const own = view.geneses.filter(({ record }) => record.gateway === gateway)
  const found: Found[] = own.flatMap(({ record: { chain } }) => {
    const running = reached?.chain === chain ? reached.size : 0
    return leavesUnder(data, chain, {
      subjects,
      least: Math.max(view.closures.get(chain)?.size ?? 0, running),
    })
  })
  const replay = new Replay({
    view,
    bookOf: (manifest) => bookOfManifest(manifest, view, documentCrypto),
    judgeOf: makeJudge,
  })
  return [...subjects].map((subject) => {
    const leaves = found.filter((leaf) => leaf.subject === subject).map(({ leaf }) => leaf)
    const replayed = leaves
      .filter(({ kind }) => kind !== 'outcome')
      .map(({ exchange, record }) => ({
        exchange,
        finding: replay.again(JSON.parse(record) as DecisionRecord).finding,
      }))
    return { subject, leaves, replayed }
  })
}

/** What stands behind the damage would be missing in her copy, and nobody could give it to her afterwards. */
export class ChainUnreadable extends Error {
  override readonly name = 'ChainUnreadable'
  constructor(chain: string) {
    super(`${chain} can't be read to its end: run gongdao verify, and restore it first`)
  }
}

interface Found {
  readonly subject: string
  readonly leaf: PersonalLeaf
}

function leavesUnder(
  data: string,
  chain: string,
  { least, subjects }: { readonly least: number; readonly subjects: ReadonlySet<string> },
): readonly Found[] {
  const folder = chainFolder(data, chain)
  if (!existsSync(folder)) {
    if (least > 0) throw new ChainUnreadable(chain)
    return []
  }
  const found: (Omit<PersonalLeaf, 'receipt'> & { readonly subject: string })[] = []
  const hashes: TreeHash[] = []
  const tree = readTree({
    folder,
    origin: chain,
    twoPhase: false,
    onLeaves: (_first, more) => hashes.push(...more),
    visit: ({ index, leaf, leafText, record }) => {
      const { exchange, subject } = JSON.parse(record) as Partial<DecisionRecord>
      if (subject === undefined || exchange === undefined || !subjects.has(subject)) return
      found.push({ chain, index, kind: leaf.kind, leaf: leafText, record, exchange, subject })
    },
  })
  if (tree.edge.size < least) throw new ChainUnreadable(chain)
  if (found.length === 0) return []
  const nodes = nodesOver(hashes)
  return found.map(({ subject, ...leaf }) => {
    const proof = inclusionProof(nodes, leaf.index, tree.edge.size)
    const receipt = proofText({
      index: leaf.index,
      lines: proof.map((hash) => `${base64OfTreeHash(hash)}\n`).join(''),
      note: tree.note ?? '',
      extra: Buffer.from(makeExtra({ leaf: leaf.leaf, recordText: leaf.record }, Infinity)),
    })
    return { subject, leaf: { ...leaf, receipt } }
  })
}

/** All perfect subtrees of a chain: only of those chains in which a person was found. */
function nodesOver(leaves: readonly TreeHash[]): NodeSource {
  const levels: TreeHash[][] = [[...leaves]]
  for (let below = levels[0] ?? []; below.length > 1;) {
    const level: TreeHash[] = []
    for (let at = 0; at + 1 < below.length; at += 2) {
      const [left, right] = below.slice(at, at + 2)
      if (left !== undefined && right !== undefined) level.push(nodeHash(left, right))
    }
    levels.push(level)
    below = level
  }
  return (level, position) => {
    const node = levels[level]?.[position]
    if (node === undefined) throw new RangeError('the tree has no such node')
    return node
  }
}
