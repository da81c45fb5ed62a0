/**
 * At each start, before anything else is recorded: an `erasure` leaf whose key still lives (a crash between the two, or an old key store put
 * back) is finished. The person's pseudonyms that have no leaf yet get theirs, by the same order, before her key dies.
 */
import type { ErasureRecord } from '../ledger/duty-events.ts'
import type { Handle } from '../ports/person-keys.ts'
import { orderFault } from './check-orders.ts'
import { erasureEntries } from './erase.ts'
import type { DutyParts } from './parts.ts'

type FinishParts = Pick<
  DutyParts,
  'append' | 'chance' | 'clock' | 'duties' | 'gateway' | 'keys' | 'recordsOf'
>

/** Answers how many keys were destroyed. */
export async function finishErasures(parts: FinishParts): Promise<number> {
  const { keys } = parts
  const alive = stillAlive(parts)
  const persons = [...alive.keys()]
  if (persons.length === 0) return 0
  const resume = await keys.suspend(persons)
  for (const [person, order] of alive) await completeLeaves(order, keys.subjectsOf(person), parts)
  keys.destroy(persons)
  // Not after a fault: nobody whose erasure is on record goes on under the same key.
  resume()
  return persons.length
}

/**
 * Persons of this gateway's by the order that is on record. A leaf by itself destroys nothing, whoever put it into the registry: it takes
 * the signatures of two officers, and an order that this gateway carried out.
 */
function stillAlive({ duties, gateway, keys }: FinishParts): ReadonlyMap<Handle, ErasureRecord> {
  const alive = new Map<Handle, ErasureRecord>()
  for (const order of duties.erasures()) {
    const person = order.gateway === gateway ? keys.holder(order.subject) : undefined
    if (person === undefined) continue
    const fault = orderFault('erasure', order, (index) => duties.officers.get(index)?.officers)
    if (fault === undefined) alive.set(person, order)
  }
  return alive
}

async function completeLeaves(
  order: ErasureRecord,
  subjects: readonly string[],
  parts: FinishParts,
): Promise<void> {
  const { duties, gateway } = parts
  const without = subjects.filter((subject) => duties.erasureOf(gateway, subject) === undefined)
  if (without.length === 0) return
  const records = await parts.recordsOf(new Set(without))
  await parts.append(erasureEntries(order, records, parts))
}
