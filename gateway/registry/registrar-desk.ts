/**
 * The registrar's side: what a gateway may have recorded in the registry, and what it may read there. Who asks is known by
 * certificate; whatever a gateway may say is about itself.
 */
import type { GatewayId } from '../../policies/vocabulary.ts'
import type { ReleaseRecord } from '../ledger/duty-events.ts'
import type { Entry } from '../ledger/entry.ts'
import { vkeyText, parseVkey } from '../ledger/note.ts'
import type { ClosureRecord, GenesisRecord } from '../ledger/registry-events.ts'
import type { ChainJournal, Commit } from '../ports/chain-journal.ts'
import { appendAll, type RegistryWriter } from './publish.ts'

export type HandedIn = Pick<Entry, 'kind' | 'record'>

export type DeskAnswer =
  | { readonly kind: 'recorded'; readonly index: number }
  /** The gateway's fault, in words for its operator. */
  | { readonly kind: 'refused'; readonly why: string }

/** Of one answer; a commit that is larger goes alone. */
const MOST_BYTES = 1024 * 1024

export class RegistrarDesk {
  readonly #registry: RegistryWriter
  readonly #journal: ChainJournal
  #last: Promise<unknown> = Promise.resolve()

  constructor(registry: RegistryWriter, journal: ChainJournal) {
    this.#registry = registry
    this.#journal = journal
  }

  commits(from: number): readonly Commit[] {
    return this.#journal.read(from, this.#registry.chain.head().size, MOST_BYTES)
  }

  /** One after the other: what is looked at must still be so when the leaf is recorded. */
  handIn(gateway: GatewayId, entry: HandedIn): Promise<DeskAnswer> {
    const answer = this.#last.then(() => this.#record(gateway, entry))
    this.#last = answer.catch(() => undefined)
    return answer
  }

  async #record(gateway: GatewayId, { kind, record }: HandedIn): Promise<DeskAnswer> {
    const why = this.#objection(gateway, { kind, record })
    if (why !== undefined) return { kind: 'refused', why }
    return { kind: 'recorded', index: await appendAll(this.#registry, [{ kind, record }]) }
  }

  #objection(gateway: GatewayId, { kind, record }: HandedIn): string | undefined {
    if (kind === 'genesis') return this.#genesis(gateway, JSON.parse(record) as GenesisRecord)
    if (kind === 'closure') return this.#closure(gateway, JSON.parse(record) as ClosureRecord)
    if (kind === 'erasure' || kind === 'access' || kind === 'hold' || kind === 'release') {
      return dutyObjection(gateway, JSON.parse(record) as ReleaseRecord)
    }
    return `only the registrar records a leaf of kind ${kind}`
  }

  #genesis(gateway: GatewayId, genesis: GenesisRecord): string | undefined {
    if (genesis.gateway !== gateway) return 'the genesis names another gateway'
    const { chain, view } = this.#registry
    const before = view.geneses.findLast(({ record }) => record.gateway === gateway)?.record
    const n = (before?.n ?? 0) + 1
    const origin = `${chain.origin.replace(/registry$/, 'exchange')}/${gateway}/${n}`
    if (genesis.n !== n || genesis.chain !== origin) return `the next chain is ${origin}`
    const publicKey = publicKeyIn(genesis.key, origin)
    if (publicKey === undefined) return 'the key is not one of this chain'
    return before === undefined
      ? withoutPredecessor(genesis)
      : this.#successor(genesis, before, publicKey)
  }

  /** A predecessor has exactly one successor (design D7), under the same key. */
  #successor(
    { predecessor }: GenesisRecord,
    before: GenesisRecord,
    publicKey: Uint8Array,
  ): string | undefined {
    const known = Buffer.from(publicKeyIn(before.key, before.chain) ?? [])
    if (!known.equals(publicKey)) return "the gateway's log key is another one than before"
    const closed = this.#registry.view.closures.get(before.chain)
    if (closed === undefined) return `${before.chain} is not closed yet`
    const { chain, root, size } = predecessor ?? {}
    const follows = chain === before.chain && closed.root === root && closed.size === size
    return follows ? undefined : `${before.chain} was closed with another size or root`
  }

  #closure(gateway: GatewayId, { chain }: ClosureRecord): string | undefined {
    const { view } = this.#registry
    const opened = view.geneses.find(({ record }) => record.chain === chain)?.record
    if (opened?.gateway !== gateway) return `${chain} is not a chain of this gateway`
    return view.closures.has(chain) ? `${chain} is closed already` : undefined
  }
}

/** About a person whose key that gateway holds; two officers' approvals stand in it, which every reader checks. */
function dutyObjection(gateway: GatewayId, record: ReleaseRecord): string | undefined {
  return record.gateway === gateway ? undefined : 'the order names another gateway'
}

function withoutPredecessor({ predecessor }: GenesisRecord): string | undefined {
  return predecessor === undefined ? undefined : 'there is no chain before the first'
}

/** Undefined unless the text is the one spelling of a key of this chain. */
function publicKeyIn(vkey: string, origin: string): Uint8Array | undefined {
  const publicKey = parseVkey(vkey)?.publicKey
  return publicKey && vkeyText(origin, publicKey) === vkey ? publicKey : undefined
}
