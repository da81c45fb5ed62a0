/** Every duty begins here: two people, one statement that has not served yet, and the persons whom it commits to. */
import { hash } from 'node:crypto'
import { canonicalJson } from '../../policies/canonical-json.ts'
import { Digest } from '../../policies/vocabulary.ts'
import type { GatewayId } from '../../policies/vocabulary.ts'
import type { Approval, Officer, Statement } from '../ledger/duty-events.ts'
import type { Handle } from '../ports/person-keys.ts'
import { servedAt } from '../projections/duty-view.ts'
import { checkApprovals } from './approval.ts'
import type { ApprovalRefusal, Refused } from './approval.ts'
import { refusal } from './parts.ts'
import type { DutyParts, DutyRefusal, Matter, Order } from './parts.ts'

/** What stands in every leaf that the order leads to. */
export interface Admitted {
  readonly kind: 'admitted'
  readonly approvals: readonly Approval[]
  readonly gateway: GatewayId
  readonly officers: number
  readonly statement: Statement
}

export type Refusal = Refused<ApprovalRefusal | DutyRefusal>

/** The officers' keys are on record before a signature by one of them counts: nobody is made an officer in secret. */
export async function admit(
  { approvals, matter, statement }: Order,
  parts: DutyParts,
): Promise<Admitted | Refusal> {
  const { clock, duties, gateway, instance } = parts
  const listed = parts.officers()
  const approved = checkApprovals(statement, approvals, {
    officers: listed,
    instance,
    now: clock.now(),
  })
  if (approved.kind === 'refused') return approved
  if (duties.served.has(servedAt(gateway, statement.id))) {
    return refusal('served', 'it was carried out already: each statement serves once')
  }
  if (personsOf(matter) !== statement.persons) {
    return refusal('persons-differ', 'the persons are not those whom the officers signed for')
  }
  const officers = await officersOnRecord(listed, parts)
  parts.onStep('approved')
  return { kind: 'admitted', approvals, gateway, officers, statement }
}

/** What a statement holds of persons. Undefined where it is about nobody. */
export function personsOf(matter: Matter | undefined): Digest | undefined {
  if (matter === undefined) return undefined
  const nonce = Buffer.from(matter.nonce, 'base64url')
  const numbers = canonicalJson([...matter.numbers].sort())
  return Digest.parse(hash('sha256', Buffer.concat([nonce, Buffer.from(numbers)]), 'base64url'))
}

/** Those of whom something is known here, each once, with her place in the officers' list, from 1. */
export function knownPersons(order: Order, { keys }: DutyParts): ReadonlyMap<Handle, number> {
  const known = new Map<Handle, number>()
  for (const [at, number] of (order.matter?.numbers ?? []).entries()) {
    const handle = keys.find(number)
    if (handle !== undefined && !known.has(handle)) known.set(handle, at + 1)
  }
  return known
}

/** Answers the index of the leaf that holds this list; it is appended where the newest holds another. */
export async function officersOnRecord(
  officers: readonly Officer[],
  { append, clock, duties }: Pick<DutyParts, 'append' | 'clock' | 'duties'>,
): Promise<number> {
  const newest = duties.newestOfficers()
  if (newest !== undefined && isSame(newest.record.officers, officers)) return newest.index
  const record = canonicalJson({ at: clock.now(), officers, v: 1 })
  await append([{ kind: 'officers', record }])
  return duties.newestOfficers()?.index ?? -1
}

function isSame(one: readonly Officer[], other: readonly Officer[]): boolean {
  return canonicalJson({ one }) === canonicalJson({ one: other })
}
