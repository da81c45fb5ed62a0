/**
 * The registrar's side: what a gateway may have recorded in the registry, and what it may read there. Who asks is known by
 * certificate; whatever a gateway may say is about itself, in exactly the members of its kind, and of now: what stands here stands for
 * ever, and its time becomes everybody's.
 */
import { isDeepStrictEqual } from 'node:util'
import { canonicalJson, type JsonObject } from '../../policies/canonical-json.ts'
import type { GatewayId } from '../../policies/vocabulary.ts'
import type { Entry, LeafKind } from '../ledger/entry.ts'
import { LONGEST_ENTRY } from '../ledger/leaf.ts'
import { vkeyText, parseVkey } from '../ledger/note.ts'
import type { AnchorRecord, ClosureRecord, GenesisRecord } from '../ledger/registry-events.ts'
import type { ChainJournal, Commit } from '../ports/chain-journal.ts'
import type { Clock } from '../ports/clock.ts'
import { appendAll, type RegistryWriter } from './publish.ts'

export type HandedIn = Pick<Entry, 'kind' | 'record'>

export type DeskAnswer =
  | { readonly kind: 'recorded'; readonly index: number }
  /** The gateway's fault, in words for its operator. */
  | { readonly kind: 'refused'; readonly why: string }

export interface DeskRules {
  readonly clock: Clock
  /** Why a leaf of officers is not one that two of them have ordered; undefined: it is. */
  readonly orderObjection: (kind: LeafKind, record: JsonObject) => string | undefined
}

/** Of one answer; a commit that is larger goes alone. */
const MOST_BYTES = 1024 * 1024
/** Verification lets times in a chain go back by so much (`ledger/check-chain.ts`), milliseconds. */
const BEHIND_MS = 10_000
/** Nobody's later leaf may be earlier than this one, so a clock that is ahead would hold up everybody's. */
const AHEAD_MS = 5_000

const OF_OFFICERS: ReadonlySet<LeafKind> = new Set<LeafKind>([
  ...(['access', 'erasure', 'hold', 'pruned', 'release'] as const),
])

export class RegistrarDesk {
  readonly #registry: RegistryWriter
  readonly #journal: ChainJournal
  readonly #rules: DeskRules
  #last: Promise<unknown> = Promise.resolve()

  constructor(registry: RegistryWriter, journal: ChainJournal, rules: DeskRules) {
    this.#registry = registry
    this.#journal = journal
    this.#rules = rules
  }

  size(): number {
    return this.#registry.chain.head().size
  }

  commits(from: number): readonly Commit[] {
    return this.#journal.read(from, this.size(), MOST_BYTES)
  }

  /** One after the other: what is looked at must still be so when the leaf is recorded. */
  handIn(gateway: GatewayId, entry: HandedIn): Promise<DeskAnswer> {
    const answer = this.#last.then(() => this.#record(gateway, entry))
    this.#last = answer.catch(() => undefined)
    return answer
  }

  async #record(gateway: GatewayId, { kind, record }: HandedIn): Promise<DeskAnswer> {
    const read = canonicalObject(record)
    const why =
      read === undefined ? 'the record is not RFC 8785' : this.#objection(gateway, kind, read)
    if (why !== undefined) return { kind: 'refused', why }
    return { kind: 'recorded', index: await appendAll(this.#registry, [{ kind, record }]) }
  }

  #objection(gateway: GatewayId, kind: LeafKind, record: JsonObject): string | undefined {
    return this.#kindObjection(gateway, kind, record) ?? this.#timeObjection(record)
  }

  #kindObjection(gateway: GatewayId, kind: LeafKind, record: JsonObject): string | undefined {
    if (kind === 'genesis') return this.#genesis(gateway, record as unknown as GenesisRecord)
    if (kind === 'closure') return this.#closure(gateway, record as unknown as ClosureRecord)
    if (kind === 'anchor') return this.#anchor(gateway, record as unknown as AnchorRecord)
    if (OF_OFFICERS.has(kind)) {
      const { gateway: named } = record
      if (named !== gateway) return 'the order names another gateway'
      return this.#rules.orderObjection(kind, record)
    }
    return `only the registrar records a leaf of kind ${kind}`
  }

  #timeObjection({ at }: JsonObject): string | undefined {
    if (!Number.isSafeInteger(at)) return 'the record has no time'
    const time = Number(at)
    const ahead = time - this.#rules.clock.now()
    if (ahead > AHEAD_MS) return clockIs(ahead, "ahead of the registrar's")
    const behind = (this.#registry.view.latest ?? time) - time
    return behind > BEHIND_MS ? clockIs(behind, 'behind the newest leaf') : undefined
  }

  /** Each gateway numbers its own through: one that is recorded twice, or left out, would be a finding for ever. */
  #anchor(gateway: GatewayId, anchor: AnchorRecord): string | undefined {
    const { aggregate, at, number, stamp } = anchor
    if (anchor.gateway !== gateway) return 'the time-stamp names another gateway'
    const due = (this.#registry.view.upkeep.lastAnchor(gateway)?.number ?? 0) + 1
    if (number !== due) return `time-stamp ${due} is due`
    const whole = { aggregate, at, gateway, number, stamp, v: 1 }
    const areDigests = [aggregate, stamp].every((digest) => DIGEST.test(digest))
    return areDigests && isDeepStrictEqual(anchor, whole)
      ? undefined
      : 'it does not have the members of a time-stamp'
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
    const end = before && this.#endOf(before, publicKey)
    return typeof end === 'string' ? end : predecessorObjection(genesis, end)
  }

  /** A predecessor has exactly one successor (design D7), under the same key. A text: why there is none. */
  #endOf(
    { chain, key }: GenesisRecord,
    publicKey: Uint8Array,
  ): GenesisRecord['predecessor'] | string {
    const known = Buffer.from(publicKeyIn(key, chain) ?? [])
    if (!known.equals(publicKey)) return "the gateway's log key is another one than before"
    const closed = this.#registry.view.closures.get(chain)
    return closed === undefined
      ? `${chain} is not closed yet`
      : { chain, root: closed.root, size: closed.size }
  }

  #closure(gateway: GatewayId, closure: ClosureRecord): string | undefined {
    const { view } = this.#registry
    const { chain } = closure
    const opened = view.geneses.find(({ record }) => record.chain === chain)?.record
    if (opened?.gateway !== gateway) return `${chain} is not a chain of this gateway`
    if (view.closures.has(chain)) return `${chain} is closed already`
    return isClosure(closure) ? undefined : 'it does not have the members of a closure'
  }
}

/** `end`: of the chain before; undefined: there is none. */
function predecessorObjection(
  genesis: GenesisRecord,
  end: GenesisRecord['predecessor'],
): string | undefined {
  const { at, chain, gateway, key, n } = genesis
  const due = { at, chain, gateway, key, n, ...(end && { predecessor: end }), v: 1 }
  if (isDeepStrictEqual(genesis, due)) return undefined
  return end === undefined
    ? 'there is no chain before the first'
    : `${end.chain} was closed with another size or root`
}

function clockIs(milliseconds: number, where: string): string {
  return `the gateway's clock is ${String(Math.round(milliseconds / 1000))} s ${where}: set it`
}

/** Undefined unless it is the one spelling of an object. Attacker-controlled. */
function canonicalObject(record: string): JsonObject | undefined {
  if (Buffer.byteLength(record) > LONGEST_ENTRY) return undefined
  try {
    const read = JSON.parse(record) as unknown
    if (typeof read !== 'object' || read === null || Array.isArray(read)) return undefined
    return canonicalJson(read) === record ? (read as JsonObject) : undefined
  } catch {
    // No JSON, or nested deeper than anything that may stand here.
    return undefined
  }
}

function isClosure(closure: ClosureRecord): boolean {
  const { at, chain, cut, root, sealed, size } = closure
  const whole = cut ?? { bytes: 0, hash: root }
  const numbers = [size, whole.bytes]
  const digests = [root, whole.hash]
  return (
    typeof sealed === 'boolean' &&
    numbers.every((number) => Number.isSafeInteger(number) && number >= 0) &&
    digests.every((digest) => DIGEST.test(digest)) &&
    isDeepStrictEqual(closure, {
      ...{ at, chain, root, sealed, size, v: 1 },
      ...(cut && { cut: { bytes: cut.bytes, hash: cut.hash } }),
    })
  )
}

const DIGEST = /^[A-Za-z0-9_-]{43}$/

/** Undefined unless the text is the one spelling of a key of this chain. */
function publicKeyIn(vkey: string, origin: string): Uint8Array | undefined {
  const publicKey = parseVkey(vkey)?.publicKey
  return publicKey && vkeyText(origin, publicKey) === vkey ? publicKey : undefined
}
