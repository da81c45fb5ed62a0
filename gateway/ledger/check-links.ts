/**
 * What chains say of one another (design D7): every exchange chain is opened by a genesis in the registry, closed by at most one
 * closure, and succeeded by one chain; heads that a chain saw are heads that the registry had.
 */
import type { PrunedRecord } from './duty-events.ts'
import { isChainName } from './chain-path.ts'
import type { LeafKind } from './entry.ts'
import type { HeadsRecord, OpeningRecord } from './events.ts'
import type { Finding } from './finding.ts'
import { digestOfTreeHash } from './hash.ts'
import type { TreeHash } from './hash.ts'
import { vkeyText } from './note.ts'
import type { PinnedKeys } from './pinned-keys.ts'
import type { ClosureRecord, CutRecord, GenesisRecord, InstanceRecord } from './registry-events.ts'

/** Kinds of leaves that are looked at here. */
export const LINK_KINDS: ReadonlySet<LeafKind> = new Set<LeafKind>([
  ...(['instance', 'genesis', 'closure', 'cut', 'pruned', 'opening', 'heads'] as const),
])

export interface ChainEnd {
  readonly size: number
  readonly root: TreeHash
  readonly sealed: boolean
}

interface Leaf {
  readonly kind: LeafKind
  readonly record: string
}

interface Genesis {
  readonly record: GenesisRecord
  readonly index: number
}

interface SeenHead {
  readonly chain: string
  readonly index: number
  readonly record: HeadsRecord
}

type Say = (kind: Finding['kind'], sentence: string) => void

export class LinkCheck {
  readonly geneses = new Map<string, Genesis>()
  readonly #closures = new Map<string, ClosureRecord>()
  readonly #newest = new Map<string, GenesisRecord>()
  /** Digests of torn tails that leaves name, by the chain that they were cut from. */
  readonly cuts = new Map<string, Set<string>>()
  /** By chain: the records of so many of its first leaves may be gone. */
  readonly pruned = new Map<string, number>()
  readonly #registryRoots = new Map<number, TreeHash>()
  #registrySize = 0
  readonly #unknownHeads: SeenHead[] = []
  readonly #origin: string
  readonly #keys: PinnedKeys
  readonly #report: (finding: Finding) => void

  constructor(origin: string, keys: PinnedKeys, report: (finding: Finding) => void) {
    this.#origin = origin
    this.#keys = keys
    this.#report = report
  }

  /** Whether another chain was opened behind this one, or its end is recorded: nobody writes to it any more. */
  isOver(chain: string): boolean {
    const genesis = this.geneses.get(chain)?.record
    return (
      this.#closures.has(chain) ||
      (genesis !== undefined && this.#newest.get(genesis.gateway)?.chain !== chain)
    )
  }

  registryRoot(size: number, root: TreeHash): void {
    this.#registryRoots.set(size, root)
    this.#registrySize = Math.max(this.#registrySize, size)
  }

  /** How many leaves of it were read. */
  get registrySize(): number {
    return this.#registrySize
  }

  registryEntry(kind: LeafKind, record: string, index: number): void {
    this.#guarded(this.#origin, index, (say) => this.#registryEntry({ kind, record }, index, say))
  }

  exchangeEntry(chain: string, { kind, record }: Leaf, index: number): void {
    this.#guarded(chain, index, (say) =>
      this.#exchangeEntry({ kind, record }, { chain, index }, say),
    )
  }

  /** The operator may have signed anything: a record without its members is a finding, not a fault of ours. */
  #guarded(chain: string, index: number, look: (say: Say) => void): void {
    const say: Say = (finding, sentence) => this.#say(chain, index, [finding, sentence])
    try {
      look(say)
    } catch (fault) {
      if (!(fault instanceof TypeError)) throw fault
      say('record-malformed', 'its record does not have the members of its kind')
    }
  }

  #registryEntry({ kind, record }: Leaf, index: number, say: Say): void {
    if ((index === 0) !== (kind === 'instance'))
      say('kind-wrong', 'leaf 0, and no other, is the instance')
    if (kind === 'instance') this.#instance(parsed<InstanceRecord>(record), say)
    if (kind === 'genesis') this.#genesis({ record: parsed(record), index }, say)
    if (kind === 'closure') this.#closure(parsed(record), say)
    if (kind === 'cut') this.#cut(this.#origin, parsed<CutRecord>(record))
    if (kind === 'pruned') this.#prune(parsed<PrunedRecord>(record), say)
  }

  #prune({ chain, size }: PrunedRecord, say: Say): void {
    if (!this.#closures.has(chain))
      say('closure-wrong', 'it takes records from a chain that was not closed')
    else this.pruned.set(chain, Math.max(size, this.pruned.get(chain) ?? 0))
  }

  #cut(chain: string, { hash }: { readonly hash: string }): void {
    this.cuts.set(chain, (this.cuts.get(chain) ?? new Set()).add(hash))
  }

  #exchangeEntry({ kind, record }: Leaf, place: { chain: string; index: number }, say: Say): void {
    const { chain, index } = place
    if ((index === 0) !== (kind === 'opening'))
      say('opening-wrong', 'leaf 0, and no other, is the opening')
    if (kind === 'opening') this.#opening(chain, parsed(record), say)
    if (kind === 'heads') this.#head({ chain, index, record: parsed(record) })
  }

  /** Compares the chain's end with its closure in the registry. */
  exchangeEnd(chain: string, end: ChainEnd): void {
    const closure = this.#closures.get(chain)
    if (closure === undefined) return
    const say: Say = (kind, sentence) =>
      this.#say(chain, Math.min(end.size, closure.size), [kind, sentence])
    if (closure.size > end.size) {
      const sentence = `the registry closed the chain at ${closure.size} leaves, ${end.size} are there`
      this.#say(chain, end.size, ['closure-wrong', sentence], 'at the end')
    } else if (closure.size < end.size) {
      say('closure-wrong', 'leaves stand behind the closure of the chain')
    } else if (closure.root !== digestOfTreeHash(end.root) || closure.sealed !== end.sealed) {
      say('closure-wrong', 'the registry closed the chain with another root or seal')
    }
  }

  /** Heads that the registry, as read before, did not have: it may have grown since. */
  get hasUnknownHeads(): boolean {
    return this.#unknownHeads.length > 0
  }

  /** The genesis of the newest chain of the gateway whose chain this is. */
  newestOf(chain: string): GenesisRecord | undefined {
    const genesis = this.geneses.get(chain)?.record
    return genesis && this.#newest.get(genesis.gateway)
  }

  /** Whether the registry closed the chain with more leaves than that. */
  isCutShort(chain: string, size: number): boolean {
    return (this.#closures.get(chain)?.size ?? 0) > size
  }

  finish(): void {
    for (const head of this.#unknownHeads.splice(0)) {
      if (this.#isKnown(head.record)) continue
      const { root, size } = head.record.registry
      const sentence = `it saw a registry of ${size} leaves with root ${root}, which the registry never had`
      const isBehind = size > this.registrySize
      this.#say(head.chain, head.index, ['heads-wrong', sentence], isBehind ? 'at the end' : 'here')
    }
  }

  #instance(record: InstanceRecord, say: Say): void {
    const key = this.#keys.registry
    const vkey = key === undefined ? undefined : vkeyText(this.#origin, key.publicKey)
    if (`${record.instance}/registry` !== this.#origin)
      say('genesis-wrong', 'it names another instance')
    if (vkey !== undefined && record.registrar !== vkey)
      say('key-unknown', 'its registrar key is not the pinned one')
  }

  #genesis(genesis: Genesis, say: Say): void {
    const { chain, gateway, key, n, predecessor } = genesis.record
    const prefix = this.#origin.slice(0, -'/registry'.length)
    const before = this.#newest.get(gateway)
    const name = `${prefix}/exchange/${gateway}/${n}`
    if (!isGatewayId(gateway) || chain !== name || !isChainName(name)) {
      say('genesis-wrong', 'its chain has not the name that belongs to it')
      return
    }
    const pinned = this.#keys.forChain(chain)
    if (pinned !== undefined && key !== vkeyText(chain, pinned.publicKey)) {
      say('genesis-wrong', 'its key is not the one pinned for this gateway')
    }
    this.#follows(before, genesis.record, say)
    if (predecessor !== undefined) this.#predecessor(predecessor, say)
    if (this.geneses.has(chain)) say('genesis-wrong', 'the chain was opened before')
    else this.geneses.set(chain, genesis)
    this.#newest.set(gateway, genesis.record)
  }

  #follows(before: GenesisRecord | undefined, { n, predecessor }: GenesisRecord, say: Say): void {
    if (before?.chain !== predecessor?.chain)
      say('genesis-wrong', 'it does not follow the newest chain of its gateway')
    const due = (before?.n ?? 0) + 1
    if (n > due) say('number-gap', `chain ${due} of its gateway was never opened in public`)
  }

  #predecessor(named: NonNullable<GenesisRecord['predecessor']>, say: Say): void {
    const closure = this.#closures.get(named.chain)
    if (closure?.size !== named.size || closure.root !== named.root) {
      say('genesis-wrong', 'its predecessor was not closed with this size and root')
    }
  }

  #closure(record: ClosureRecord, say: Say): void {
    if (!this.geneses.has(record.chain))
      say('closure-wrong', 'it closes a chain that was never opened')
    if (this.#closures.has(record.chain)) say('closure-wrong', 'the chain was closed before')
    else this.#closures.set(record.chain, record)
    if (record.cut !== undefined) this.#cut(record.chain, record.cut)
  }

  #opening(chain: string, record: OpeningRecord, say: Say): void {
    const genesis = this.geneses.get(chain)
    if (record.chain !== chain) say('opening-wrong', 'it opens another chain')
    // By its index, not by time: a clock may have been set back in between.
    if (genesis?.index !== record.genesis) {
      say('opening-wrong', 'it does not follow its genesis in the registry')
    }
  }

  #head(head: SeenHead): void {
    if (!this.#isKnown(head.record)) this.#unknownHeads.push(head)
  }

  #isKnown({ registry }: HeadsRecord): boolean {
    const root = this.#registryRoots.get(registry.size)
    return root !== undefined && digestOfTreeHash(root) === registry.root
  }

  #say(
    chain: string,
    index: number,
    [kind, sentence]: [Finding['kind'], string],
    where: 'here' | 'at the end' = 'here',
  ): void {
    const finding: Finding = { chain, kind, first: index, last: index, sentence }
    this.#report(where === 'here' ? finding : { ...finding, isAtEnd: true })
  }
}

/** Also: the name leads to a folder of its own, whatever the operator wrote into the leaf. */
function isGatewayId(gateway: unknown): boolean {
  return typeof gateway === 'string' && /^[^/]+(\/[^/]+){3}$/.test(gateway)
}

/** A canonical record, whose members were looked at; a wrong one differs from what it is compared with. */
function parsed<Shape>(record: string): Shape {
  return JSON.parse(record) as Shape
}
