/** What officers have done, folded from the registry chain: who may sign, what is held, who is erased. */
import type { GatewayId } from '../../policies/vocabulary.ts'
import type {
  AccessRecord,
  ErasureRecord,
  HoldRecord,
  OfficersRecord,
  ReleaseRecord,
} from '../ledger/duty-events.ts'
import type { LeafKind } from '../ledger/entry.ts'

/** An order at a gateway: each has keys of its own, so the same one may serve at several. */
export function servedAt(gateway: GatewayId, id: string): string {
  return `${gateway} ${id}`
}

export class DutyView {
  /** By the index of their leaf. */
  readonly officers = new Map<number, OfficersRecord>()
  /** All that ever were, by `servedAt` of their order: whether two officers ordered one, or its end, is for who reads it. */
  readonly holds = new Map<string, HoldRecord>()
  readonly #releases = new Map<string, readonly ReleaseRecord[]>()
  /** By gateway and pseudonym: nobody's order is about a key of another gateway's. The first one counts. */
  readonly #erasures = new Map<string, ErasureRecord>()
  /** Orders that have served, by `servedAt`. */
  readonly served = new Set<string>()

  take(index: number, kind: LeafKind, record: unknown): void {
    if (!isReadable(kind, record)) return
    if (kind === 'officers') this.officers.set(index, record as OfficersRecord)
    if (kind === 'hold') this.#takeHold(record as HoldRecord)
    if (kind === 'release') this.#takeRelease(record as ReleaseRecord)
    if (kind === 'access' || kind === 'pruned') this.served.add(placeOf(record as AccessRecord))
    if (kind === 'erasure') this.#takeErasure(record as ErasureRecord)
  }

  /** The leaf that orders the key behind this pseudonym of that gateway to be destroyed. */
  erasureOf(gateway: GatewayId, subject: string): ErasureRecord | undefined {
    return this.#erasures.get(servedAt(gateway, subject))
  }

  /** Of all gateways. */
  erasures(): readonly ErasureRecord[] {
    return [...this.#erasures.values()]
  }

  newestOfficers(): { readonly index: number; readonly record: OfficersRecord } | undefined {
    const newest = [...this.officers].at(-1)
    return newest && { index: newest[0], record: newest[1] }
  }

  /** What was said of the end of a hold, by its place in `holds`. */
  releasesOf(place: string): readonly ReleaseRecord[] {
    return this.#releases.get(place) ?? []
  }

  #takeHold(record: HoldRecord): void {
    this.served.add(placeOf(record))
    this.holds.set(placeOf(record), record)
  }

  #takeRelease(record: ReleaseRecord): void {
    const { gateway, statement } = record
    this.served.add(placeOf(record))
    const place = servedAt(gateway, statement.hold ?? '')
    this.#releases.set(place, [...this.releasesOf(place), record])
  }

  #takeErasure(record: ErasureRecord): void {
    this.served.add(placeOf(record))
    const place = servedAt(record.gateway, record.subject)
    if (!this.#erasures.has(place)) this.#erasures.set(place, record)
  }
}

/**
 * Whoever writes the registry may write anything: a leaf that has not what it is folded by orders nothing, and is for an auditor to find
 * (`erasure/check-orders.ts`).
 */
function isReadable(kind: LeafKind, record: unknown): boolean {
  const { officers, statement } = Object(record) as Partial<Record<string, unknown>>
  if (kind === 'officers') return Array.isArray(officers)
  return typeof statement === 'object' && statement !== null
}

function placeOf({ gateway, statement }: ReleaseRecord): string {
  return servedAt(gateway, statement.id)
}
