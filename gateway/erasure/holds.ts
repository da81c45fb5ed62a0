/** Legal holds: set and released by two officers, each a leaf; an erasure is refused while one stands. */
import { canonicalJson } from '../../policies/canonical-json.ts'
import type { ExchangeId } from '../../policies/vocabulary.ts'
import type { HoldRecord, ReleaseRecord } from '../ledger/duty-events.ts'
import { servedAt } from '../projections/duty-view.ts'
import type { DutyView } from '../projections/duty-view.ts'
import { admit, knownPersons } from './admit.ts'
import type { Refusal } from './admit.ts'
import { orderFault } from './check-orders.ts'
import { refusal } from './parts.ts'
import type { DutyParts, Order } from './parts.ts'

export interface Recorded {
  readonly kind: 'held' | 'released'
  /** Of the hold. */
  readonly id: string
}

export async function hold(order: Order, parts: DutyParts): Promise<Recorded | Refusal> {
  const admitted = await admit(order, parts)
  if (admitted.kind === 'refused') return admitted
  const { approvals, gateway, officers, statement } = admitted
  const token = await tokenFor(order, parts)
  if (token.kind === 'refused') return token
  const at = parts.clock.now()
  const ordered = { approvals, at, gateway, officers, statement }
  const record: HoldRecord = { ...ordered, token: token.token, v: 1 }
  await parts.append([{ kind: 'hold', record: canonicalJson(record) }])
  parts.onStep('recorded')
  return { kind: 'held', id: statement.id }
}

export async function release(order: Order, parts: DutyParts): Promise<Recorded | Refusal> {
  const admitted = await admit(order, parts)
  if (admitted.kind === 'refused') return admitted
  const { approvals, gateway, officers, statement } = admitted
  const id = statement.hold ?? ''
  const inForce = holdsInForce(parts.duties).map((one) => servedAt(one.gateway, one.statement.id))
  if (!inForce.includes(servedAt(gateway, id))) {
    return refusal('hold-unknown', `there is no hold ${id} in force: see gongdao hold list`)
  }
  const at = parts.clock.now()
  const record: ReleaseRecord = { approvals, at, gateway, officers, statement, v: 1 }
  await parts.append([{ kind: 'release', record: canonicalJson(record) }])
  parts.onStep('recorded')
  return { kind: 'released', id }
}

/** Nobody sets or ends a hold alone, not even whoever writes the registry: what two officers did not sign counts for nothing. */
export function holdsInForce(duties: DutyView): readonly HoldRecord[] {
  return holdsNotEnded(duties).filter((hold) => isOrdered('hold', hold, duties))
}

/** Also those that nobody ordered: what they keep may go later, what is gone does not come back. */
export function holdsNotEnded(duties: DutyView): readonly HoldRecord[] {
  return [...duties.holds]
    .filter(([place]) => !duties.releasesOf(place).some((one) => isOrdered('release', one, duties)))
    .map(([, hold]) => hold)
}

/** Of these, the ones that an exchange, or the holder of a token, is under. */
export function holdsOn(
  among: readonly HoldRecord[],
  what: {
    readonly token?: string | undefined
    readonly exchanges?: ReadonlySet<ExchangeId>
  },
): readonly HoldRecord[] {
  return among.filter(({ statement, token }) =>
    statement.exchange === undefined
      ? token !== undefined && token === what.token
      : what.exchanges?.has(statement.exchange) === true,
  )
}

function isOrdered(
  kind: 'hold' | 'release',
  record: HoldRecord | ReleaseRecord,
  { officers }: DutyView,
): boolean {
  return orderFault(kind, record, (index) => officers.get(index)?.officers) === undefined
}

type Token = { readonly kind: 'found'; readonly token: string | undefined } | Refusal

async function tokenFor(order: Order, parts: DutyParts): Promise<Token> {
  const { exchange } = order.statement
  if (exchange !== undefined) {
    const decision = await parts.decisionOf(exchange)
    if (decision !== undefined) return { kind: 'found', token: undefined }
    return refusal('exchange-unknown', `no chain has an exchange ${exchange}`)
  }
  const [person] = knownPersons(order, parts).keys()
  if (person === undefined) {
    return refusal('nobody-known', 'no exchange was about this person: there is nothing to hold')
  }
  return { kind: 'found', token: parts.keys.holdToken(person) }
}
