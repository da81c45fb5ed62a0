/** A chain of any length without a gateway: leaves without records, a checkpoint after every so many and at the end. */
import { checkpointWriter } from '../../gateway/ledger/checkpoint.ts'
import type { Chunk, Part } from '../../gateway/ledger/chunk.ts'
import { digestOf, leafHashOf } from '../../gateway/ledger/hash.ts'
import type { TreeHash } from '../../gateway/ledger/hash.ts'
import { leafText } from '../../gateway/ledger/leaf.ts'
import { EMPTY_EDGE, Growth } from '../../gateway/ledger/tree.ts'
import type { ChainSource } from '../../gateway/ports/chain-source.ts'
import { testSigner } from './memory-ledger.ts'

export interface SyntheticChain {
  readonly origin: string
  readonly size: number
  /** Leaves of a commit. */
  readonly batch: number
}

const SIGNER = testSigner(1)

export function syntheticLeaf(index: number): string {
  return leafText('revocations', digestOf(`record ${index}`), undefined)
}

export function syntheticSource(chain: SyntheticChain): ChainSource {
  return {
    chains: () => Promise.resolve([]),
    read: (origin, { from }) => (origin === chain.origin ? chunksOf(chain, from) : []),
  }
}

function* chunksOf({ batch, origin, size }: SyntheticChain, from: number): Generator<Chunk> {
  const sign = checkpointWriter(origin, SIGNER)
  let edge = EMPTY_EDGE
  for (let first = 0; first < size; first += batch) {
    const count = Math.min(batch, size - first)
    const growth = new Growth(edge, hashes(first, count))
    edge = growth.edge
    if (growth.size <= from) continue
    const entries = Array.from({ length: count }, (_, at) => entryOf(syntheticLeaf(first + at)))
    const bytes = Buffer.concat([...entries, Buffer.from(sign(growth.size, growth.root))])
    const part: Part = { type: 'batch', first, count, start: 0, end: bytes.length }
    yield { bytes, parts: [part] }
  }
}

const known: TreeHash[] = []

function hashes(first: number, count: number): readonly TreeHash[] {
  while (known.length < first + count) known.push(leafHashOf(syntheticLeaf(known.length)))
  return known.slice(first, first + count)
}

function entryOf(leaf: string): Buffer {
  const entry = Buffer.alloc(5 + leaf.length)
  entry.writeUInt16BE(leaf.length, 2)
  entry.write(leaf, 5, 'latin1')
  return entry
}
