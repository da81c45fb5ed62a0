/**
 * Where an exchange chain is opened in public (design D7): the genesis leaf, proven in a registry checkpoint that this witness has
 * cosigned, so that nobody else can be shown a registry without it. One chain has one genesis, a predecessor one successor.
 */
import { canonicalJson } from '../../policies/canonical-json.ts'
import { checkReceipt } from '../ledger/check-receipt.ts'
import type { ReceiptFinding } from '../ledger/check-receipt.ts'
import { digestOfTreeHash } from '../ledger/hash.ts'
import { canonicalLeaf } from '../ledger/leaf.ts'
import { parseCheckpoint, parseNote, vkeyText } from '../ledger/note.ts'
import { makeExtra } from '../ledger/receipt.ts'
import type { GenesisRecord } from '../ledger/registry-events.ts'
import { parseProof } from '../ledger/tlog-proof.ts'
import type { KnownGenesis } from '../ports/witness-memory.ts'
import { bareProof } from './bare-proof.ts'
import { checkpointIn, keepContradiction } from './parts.ts'
import type { WitnessParts } from './parts.ts'

export type AddGenesisAnswer = {
  readonly kind:
    | 'learnt'
    /** Not a genesis of this registry, by a pinned key. */
    | 'malformed'
    /** The registry's checkpoint is none that was cosigned here. */
    | 'not-cosigned'
    /** Another genesis stands in its place. */
    | 'contradicted'
}

export class GenesisDesk {
  readonly #parts: WitnessParts

  constructor(parts: WitnessParts) {
    this.#parts = parts
  }

  /** `proof`: tlog-proof of the genesis leaf, its record in `extra`. */
  async add(proof: string): Promise<AddGenesisAnswer> {
    const genesis = this.#read(proof)
    if (genesis === undefined) return { kind: 'malformed' }
    if (!(await isCosigned(this.#parts, proof))) return { kind: 'not-cosigned' }
    const { turns } = this.#parts
    // The chain that it ends is not to be cosigned further meanwhile.
    const ended = genesis.predecessor?.chain
    return turns.run('geneses', () =>
      ended === undefined ? this.#inTurn(genesis) : turns.run(ended, () => this.#inTurn(genesis)),
    )
  }

  #read(proof: string): KnownGenesis | undefined {
    const { keys } = this.#parts
    const found = checkReceipt(proof, { keys })
    if (!isGenesis(found, keys.registry?.name)) return undefined
    const { chain, key, n, gateway, predecessor } = found.record
    const instance = found.origin.slice(0, -'/registry'.length)
    if (chain !== `${instance}/exchange/${gateway}/${n}`) return undefined
    const pinned = keys.forChain(chain)
    if (pinned === undefined || key !== vkeyText(chain, pinned.publicKey)) return undefined
    const shown = {
      leaf: canonicalLeaf(found.leaf),
      recordText: canonicalJson(found.record),
    }
    const kept = bareProof(proof, keys, Buffer.from(makeExtra(shown, Infinity)))
    return { chain, index: found.index, proof: kept.proof, ...(predecessor && { predecessor }) }
  }

  async #inTurn(genesis: KnownGenesis): Promise<AddGenesisAnswer> {
    const { memory } = this.#parts
    const { chain, index } = genesis
    const rival = memory.geneses.find((known) => standsInItsPlace(known, genesis))
    if (rival?.chain === chain && rival.index === index) return { kind: 'learnt' }
    if (rival !== undefined) {
      const pair = { chain, at: index, first: rival.proof, second: genesis.proof }
      const between = [`${rival.chain} ${rival.index}`, `${chain} ${index}`] as const
      await keepContradiction(this.#parts, { ...pair, kind: 'two-successors', between })
      return { kind: 'contradicted' }
    }
    if (await this.#isCutShort(genesis)) return { kind: 'contradicted' }
    await memory.learnGenesis(genesis)
    return { kind: 'learnt' }
  }

  /** What was cosigned of the chain before must be in it still. */
  async #isCutShort({ predecessor, proof }: KnownGenesis): Promise<boolean> {
    if (predecessor === undefined) return false
    const newest = await this.#parts.memory.newest(predecessor.chain)
    if (newest === undefined) return false
    const { root, size } = checkpointIn(newest)
    const isSame = size === predecessor.size && digestOfTreeHash(root) === predecessor.root
    if (size < predecessor.size || isSame) return false
    const pair = { chain: predecessor.chain, at: size, first: newest, second: proof }
    const between = [root, predecessor.root] as const
    await keepContradiction(this.#parts, { ...pair, kind: 'cut-short', between })
    return true
  }
}

/** The same chain, or another successor of the same one (or another first chain of the same gateway). */
function standsInItsPlace(known: KnownGenesis, genesis: KnownGenesis): boolean {
  if (known.chain === genesis.chain) return true
  return (
    gatewayOf(known.chain) === gatewayOf(genesis.chain) &&
    known.predecessor?.chain === genesis.predecessor?.chain
  )
}

function gatewayOf(chain: string): string {
  return chain.slice(0, chain.lastIndexOf('/'))
}

/** Whether the proof ends in a checkpoint that this witness has cosigned: the same size, the same root. */
export async function isCosigned({ memory }: WitnessParts, proof: string): Promise<boolean> {
  const shown = parseCheckpoint(parseNote(parseProof(proof)?.note ?? '')?.text ?? '')
  if (shown === undefined) return false
  const known = await memory.ofSize(shown.origin, shown.size)
  return known !== undefined && checkpointIn(known).root === shown.root
}

type Good = Extract<ReceiptFinding, { kind: 'good' }>

function isGenesis(
  found: ReceiptFinding,
  registry: string | undefined,
): found is Good & { readonly record: GenesisRecord } {
  if (found.kind === 'bad' || found.origin !== registry || found.leaf.kind !== 'genesis')
    return false
  const record = found.record as Partial<Record<keyof GenesisRecord, unknown>> | undefined
  return typeof record?.chain === 'string' && isPredecessor(record.predecessor)
}

function isPredecessor(value: unknown): boolean {
  if (value === undefined) return true
  const { chain, root, size } = Object(value) as Readonly<Record<string, unknown>>
  return typeof chain === 'string' && typeof root === 'string' && typeof size === 'number'
}
