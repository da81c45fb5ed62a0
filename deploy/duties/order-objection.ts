/**
 * What the registrar asks of a leaf of officers that another gateway hands in: two officers on the list of now have signed it for this
 * instance, and it has not served. Whatever is on record here is obeyed there.
 */
import { z } from 'zod'
import { isOrder, orderFault } from '../../gateway/erasure/check-orders.ts'
import { stillNeeded } from '../../gateway/erasure/record-pruning.ts'
import type { ErasureRecord, HoldRecord, PrunedRecord } from '../../gateway/ledger/duty-events.ts'
import type { LeafKind } from '../../gateway/ledger/entry.ts'
import { servedAt, type DutyView } from '../../gateway/projections/duty-view.ts'
import type { RegistryView } from '../../gateway/projections/registry-view.ts'
import type { RegistryWriter } from '../../gateway/registry/publish.ts'
import { Digest, GatewayId } from '../../policies/vocabulary.ts'
import { approvals, BASE64URL_32, statement, time } from './order.ts'

const text32 = z.string().regex(BASE64URL_32)
const count = z.int().min(0)
const DONE = {
  approvals,
  at: time,
  gateway: z.string().transform((text) => GatewayId.parse(text)),
  officers: count,
  statement,
  v: z.literal(1),
}
const replay = z.strictObject({
  ...{ agree: count, differ: count, stale: count, undecidable: count },
  digest: text32.transform((text) => Digest.parse(text)),
})
const RECORDS = {
  access: z.strictObject(DONE),
  erasure: z.strictObject({ ...DONE, replay, subject: text32 }),
  hold: z.strictObject({ ...DONE, token: text32.optional() }),
  pruned: z.strictObject({
    ...DONE,
    ...{ archive: text32.transform((text) => Digest.parse(text)), chain: z.string(), size: count },
  }),
  release: z.strictObject(DONE),
} as const

type Ordered = HoldRecord | ErasureRecord | PrunedRecord

/** Undefined: there is none. */
export function orderObjection(
  { chain, view }: Pick<RegistryWriter, 'chain' | 'view'>,
  kind: LeafKind,
  record: unknown,
): string | undefined {
  if (!isOrder(kind)) return `${kind} is no leaf of officers`
  const read = RECORDS[kind].safeParse(record)
  if (!read.success) return 'it does not have the members of an order'
  const ordered: Ordered = read.data
  if (`${ordered.statement.instance}/registry` !== chain.origin) {
    return 'it was signed for another instance'
  }
  return servedObjection(view, ordered) ?? newObjection(view.duties, kind, ordered)
}

function servedObjection(view: RegistryView, record: Ordered): string | undefined {
  const { duties } = view
  const { gateway, statement } = record
  if ('chain' in record) return pruningObjection(view, record)
  if (!('subject' in record)) {
    const place = servedAt(gateway, statement.id)
    return duties.served.has(place) ? 'its order has served already' : undefined
  }
  const before = duties.erasureOf(gateway, record.subject)
  return before === undefined ? undefined : 'its pseudonym is erased already'
}

function pruningObjection(
  view: RegistryView,
  { chain, gateway, size }: PrunedRecord,
): string | undefined {
  const why = stillNeeded(gateway, { chain, size }, view)
  if (why !== undefined) return why
  return size > (view.upkeep.pruned.get(chain) ?? 0) ? undefined : `${chain} is pruned already`
}

function newObjection(
  duties: DutyView,
  kind: Parameters<typeof orderFault>[0],
  record: Ordered,
): string | undefined {
  const { at, gateway, officers, statement } = record
  // What has many leaves and was cut short by a crash is finished by the order that began it, whoever is an officer by then.
  const hasMany = kind === 'erasure' || kind === 'pruned'
  const isBegun = hasMany && duties.served.has(servedAt(gateway, statement.id))
  if (!isBegun) {
    if (officers !== duties.newestOfficers()?.index) {
      return 'the officers are not those who are listed now: hand the order in again'
    }
    if (at >= statement.expires) return 'it has expired: ask anew'
  }
  return orderFault(kind, record, (index) => duties.officers.get(index)?.officers)
}
