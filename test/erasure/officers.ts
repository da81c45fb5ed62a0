/** Officers with keys of their own, and the orders that they sign. */
import { generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { askDuties, type Listener } from '../../deploy/duties/ask-duties.ts'
import type { Outcome } from '../../deploy/duties/duties.ts'
import { approve, makeOrder } from '../../deploy/duties/make-order.ts'
import { writeOfficers } from '../../deploy/duties/officers-file.ts'
import type { Order } from '../../gateway/erasure/parts.ts'
import type { Officer, Role } from '../../gateway/ledger/duty-events.ts'
import { Instant } from '../../policies/vocabulary.ts'

const ROLES: Readonly<Record<string, readonly Role[]>> = {
  'ERASE-1': ['erasure'],
  'ERASE-2': ['erasure'],
  'LEGAL-1': ['legal'],
  'LEGAL-2': ['legal'],
  'AUDIT-1': ['auditor'],
  'DPO-1': ['data-protection'],
}
const KEYS = new Map<string, KeyObject>(
  Object.keys(ROLES).map((id) => [id, generateKeyPairSync('ed25519').privateKey]),
)

export const OFFICERS: readonly Officer[] = Object.entries(ROLES).map(([id, roles]) => ({
  id,
  key: keyOf(id).export({ format: 'jwk' }).x ?? '',
  roles,
}))

export const PAIRS = {
  erase: ['ERASE-1', 'ERASE-2'],
  hold: ['LEGAL-1', 'LEGAL-2'],
  release: ['LEGAL-1', 'LEGAL-2'],
  open: ['AUDIT-1', 'DPO-1'],
  prune: ['AUDIT-1', 'DPO-1'],
} as const
const BASIS = {
  erase: 'PDPA-3-5',
  hold: 'COURT-ORDER',
  open: 'AUDIT',
  prune: 'PDPA-11-3',
  release: 'ENDED',
} as const

export function keyOf(id: string): KeyObject {
  const key = KEYS.get(id)
  if (key === undefined) throw new Error(`no officer ${id}`)
  return key
}

export function appointOfficers(data: string): void {
  writeOfficers(data, OFFICERS)
}

type What = Partial<Parameters<typeof makeOrder>[0]> & Pick<Order['statement'], 'act'>

export function orderBy(
  officers: readonly string[],
  what: What,
  now: Instant = Instant.ofMilliseconds(Date.now()),
): Order {
  const [first = '', ...others] = officers
  const whole = { basis: BASIS[what.act], instance: 'TW', days: 7, ...what }
  const order = makeOrder(whole, { officer: first, key: keyOf(first) }, now)
  const more = others.map((officer) => approve(order.statement, { officer, key: keyOf(officer) }))
  return { ...order, approvals: [...order.approvals, ...more] }
}

export function order(what: What, now?: Instant): Order {
  return orderBy(PAIRS[what.act], what, now)
}

export function carryOut(data: string, what: What | Order, listener?: Listener): Promise<Outcome> {
  const signed = 'statement' in what ? what : order(what)
  return askDuties(data, { ask: 'order', order: signed }, listener)
}
