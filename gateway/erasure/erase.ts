/**
 * Destroys persons' keys (design §4), in the one order that a crash can't spoil:
 *
 *     approve → suspend → replay → holds → hand her own copy over → leaves durable → destroy
 *
 * INVARIANT: no key is destroyed before every pseudonym of it has its `erasure` leaf. A crash before the leaves has changed nothing, and
 * the same order may be handed in again; one after them is finished at the next start (`finish.ts`). Where it isn't known whether they are
 * on record she stays suspended: an exchange meanwhile would be in nobody's copy.
 */
import { canonicalJson } from '../../policies/canonical-json.ts'
import type { ErasureRecord } from '../ledger/duty-events.ts'
import type { Entry } from '../ledger/entry.ts'
import type { Handle } from '../ports/person-keys.ts'
import { admit, knownPersons } from './admit.ts'
import type { Admitted, Refusal } from './admit.ts'
import { holdsInForce, holdsOn } from './holds.ts'
import { ownCopy } from './own-copy.ts'
import type { OwnCopy } from './own-copy.ts'
import { refusal } from './parts.ts'
import type { DutyParts, Order, PersonalRecord } from './parts.ts'
import { verdictOf } from './verdict.ts'

export interface Erased {
  readonly kind: 'erased'
  readonly persons: number
  /** Numbers of the order of whom nothing is known here. */
  readonly unknown: number
  readonly pseudonyms: number
  readonly exchanges: number
  /** Decisions that were not made the same way again; their leaves say so. */
  readonly notAgreeing: number
}

export interface CopyFor {
  /** Her place in the officers' list, from 1. */
  readonly person: number
  readonly copy: OwnCopy
}

/** Leaves may be on record, and the keys live. */
export class ErasureUnfinished extends Error {
  override readonly name = 'ErasureUnfinished'
  constructor(cause: unknown) {
    const why = cause instanceof Error ? cause.message : 'a thrown value'
    super(
      `whether it is on record is not known (${why}). Exchanges about these persons are refused until it is finished: hand the order in again, or start the gateway again`,
      { cause },
    )
  }
}

/** Resolves when the copies, one a person, are safe in the officer's hands. */
export type HandOver = (copies: readonly CopyFor[]) => Promise<unknown>

export async function erase(
  order: Order,
  parts: DutyParts & { readonly handOver: HandOver },
): Promise<Erased | Refusal> {
  const admitted = await admit(order, parts)
  if (admitted.kind === 'refused') return admitted
  const persons = knownPersons(order, parts)
  if (persons.size === 0) {
    return refusal('nobody-known', 'no exchange was about any of these persons, so no key is there')
  }
  // Before anything is read: an exchange in between would be neither in her copy nor in the leaves.
  const resume = await parts.keys.suspend([...persons.keys()])
  const found = await handedOver(admitted, persons, parts).catch((fault: unknown) => {
    resume()
    throw fault
  })
  if (found.kind === 'refused') {
    resume()
    return found
  }
  const { records } = found
  await recordAndDestroy([...persons.keys()], erasureEntries(admitted, records, parts), parts)
  resume()
  const replayed = records.flatMap((record) => record.replayed)
  return {
    kind: 'erased',
    persons: persons.size,
    unknown: new Set(order.matter?.numbers).size - persons.size,
    pseudonyms: records.length,
    exchanges: replayed.length,
    notAgreeing: replayed.filter(({ finding }) => finding !== 'agree').length,
  }
}

interface HandedOver {
  readonly kind: 'handed-over'
  readonly records: readonly PersonalRecord[]
}

/** Up to here nothing has happened. */
async function handedOver(
  admitted: Admitted,
  places: ReadonlyMap<Handle, number>,
  parts: DutyParts & { readonly handOver: HandOver },
): Promise<HandedOver | Refusal> {
  const { keys } = parts
  await parts.settled()
  parts.onStep('suspended')
  const persons = [...places.keys()]
  const subjects = persons.map((person) => keys.subjectsOf(person))
  const records = await parts.recordsOf(new Set(subjects.flat()))
  parts.onStep('replayed')
  const held = objectingHolds(persons, records, parts)
  if (held !== undefined) return held
  await parts.handOver(
    persons.map((person, at) => {
      const hers = records.filter(({ subject }) => subjects[at]?.includes(subject) === true)
      return { person: places.get(person) ?? 0, copy: ownCopy(hers, admitted.statement, parts) }
    }),
  )
  parts.onStep('handed-over')
  return { kind: 'handed-over', records }
}

async function recordAndDestroy(
  persons: readonly Handle[],
  entries: readonly Entry[],
  { append, keys, onStep }: DutyParts,
): Promise<void> {
  try {
    await append(entries)
    onStep('recorded')
    keys.destroy(persons)
    onStep('destroyed')
  } catch (fault) {
    throw new ErasureUnfinished(fault)
  }
}

/** One leaf a pseudonym, in an order of chance: who is erased together can't be told apart by place. */
export function erasureEntries(
  { approvals, gateway, officers, statement }: Omit<Admitted, 'kind'>,
  records: readonly PersonalRecord[],
  { chance, clock }: Pick<DutyParts, 'chance' | 'clock'>,
): readonly Entry[] {
  const at = clock.now()
  return records
    .map((personal) => ({ personal, place: chance.bytes(16).toString('hex') }))
    .sort((one, other) => (one.place < other.place ? -1 : 1))
    .map(({ personal }) => {
      const { subject } = personal
      const replay = verdictOf(personal.replayed)
      const order = { approvals, at, gateway, officers, statement }
      const record: ErasureRecord = { ...order, replay, subject, v: 1 }
      return { kind: 'erasure', record: canonicalJson(record) }
    })
}

function objectingHolds(
  persons: readonly Handle[],
  records: readonly PersonalRecord[],
  { duties, keys }: DutyParts,
): Refusal | undefined {
  const exchanges = new Set(records.flatMap(({ leaves }) => leaves.map(({ exchange }) => exchange)))
  const inForce = holdsInForce(duties)
  const held = new Set([
    ...holdsOn(inForce, { exchanges }),
    ...persons.flatMap((person) => holdsOn(inForce, { token: keys.holdToken(person) })),
  ])
  if (held.size === 0) return undefined
  const words = [...held].map(({ statement }) => `${statement.id} (${statement.basis})`).join(', ')
  return refusal('held', `a legal hold forbids it: ${words}. Once it is released, ask anew`)
}
