/** The registry's leaves of officers, for an auditor: each was signed by two people whom the registry knew then, and served once. */
import type {
  ErasureRecord,
  HoldRecord,
  Officer,
  OfficersRecord,
  PrunedRecord,
  Statement,
} from '../ledger/duty-events.ts'
import type { LeafKind } from '../ledger/entry.ts'
import type { InstanceRecord } from '../ledger/registry-events.ts'
import { servedAt } from '../projections/duty-view.ts'
import { peopleFault, signatureFault } from './approval.ts'
import { BASES } from './bases.ts'

type Ordered = HoldRecord | ErasureRecord | PrunedRecord
type OrderKind = (typeof KIND_OF)[keyof typeof KIND_OF]

const KIND_OF = {
  erase: 'erasure',
  hold: 'hold',
  open: 'access',
  prune: 'pruned',
  release: 'release',
} as const

export class OrderCheck {
  readonly #officers = new Map<number, OfficersRecord>()
  readonly #served = new Map<string, LeafKind>()
  readonly #done = new Set<string>()
  #instance: string | undefined

  /** Leaves in the order of the chain. What is wrong with this one; undefined: nothing, or it is of another kind. */
  take(index: number, kind: LeafKind, record: unknown): string | undefined {
    if (kind === 'instance') this.#instance = (record as InstanceRecord).instance
    if (kind === 'officers') this.#officers.set(index, record as OfficersRecord)
    if (!isOrder(kind)) return undefined
    const ordered = record as Ordered
    return (
      orderFault(kind, ordered, (at) => this.#officers.get(at)?.officers) ??
      this.#elsewhere(ordered) ??
      this.#servedTwice(kind, ordered)
    )
  }

  #elsewhere({ statement }: Ordered): string | undefined {
    const isHere = this.#instance === undefined || statement.instance === this.#instance
    return isHere ? undefined : 'it was signed for another instance'
  }

  #servedTwice(kind: LeafKind, record: Ordered): string | undefined {
    const place = servedAt(record.gateway, record.statement.id)
    const before = this.#served.get(place)
    this.#served.set(place, kind)
    // One order may erase many pseudonyms, each once, and prune many chains.
    if ('subject' in record) {
      const pseudonym = `${record.gateway} ${record.subject}`
      return this.#again(pseudonym, 'its pseudonym was erased before')
    }
    if ('chain' in record) {
      return this.#again(`${place} ${record.chain}`, 'its order had served for this chain before')
    }
    return before === undefined ? undefined : 'its order had served before'
  }

  #again(what: string, why: string): string | undefined {
    if (this.#done.has(what)) return why
    this.#done.add(what)
    return undefined
  }
}

export function isOrder(kind: LeafKind): kind is OrderKind {
  return Object.values<LeafKind>(KIND_OF).includes(kind)
}

/** Why two officers did not order what this leaf says; `listAt`: the officers whom the leaf of an index has named. */
export function orderFault(
  kind: OrderKind,
  record: Ordered,
  listAt: (index: number) => readonly Officer[] | undefined,
): string | undefined {
  try {
    const { approvals, at, officers, statement } = record
    if (KIND_OF[statement.act] !== kind) return `two officers signed ${statement.act}, not ${kind}`
    if (!Object.hasOwn(BASES[statement.act], statement.basis)) return 'its ground is no known one'
    const listed = listAt(officers)
    if (listed === undefined) return 'it names officers whom the registry had not named before it'
    const fault =
      peopleFault(statement, approvals, listed) ?? signatureFault(statement, approvals, listed)
    return fault?.sentence ?? timeFault(statement, at, kind)
  } catch (fault) {
    // Whoever wrote it may have written anything: a record without its members is a finding, not a fault of ours.
    if (fault instanceof TypeError) return 'its record does not have the members of an order'
    throw fault
  }
}

/** A crash may lie between the order and the leaf that finishes an erasure: those are later. */
function timeFault({ at, expires }: Statement, done: number, kind: OrderKind): string | undefined {
  if (kind === 'erasure' || done < expires) {
    return done + AHEAD_MS < at ? 'it was carried out before it was signed' : undefined
  }
  return 'it was carried out after it had expired'
}

const AHEAD_MS = 120_000
