/**
 * Opens what an exchange has sealed: case number, official, and the seed that opens its commitments. Takes an auditor and a
 * data-protection officer, and is an `access` leaf before a byte is decrypted: nobody looks without being seen.
 */
import { canonicalJson } from '../../policies/canonical-json.ts'
import type { AccessRecord } from '../ledger/duty-events.ts'
import { admit } from './admit.ts'
import type { Refusal } from './admit.ts'
import { detailsIn } from './own-copy.ts'
import { refusal } from './parts.ts'
import type { DutyParts, Order } from './parts.ts'
import { readabilityOf } from './readability.ts'
import type { Readability } from './readability.ts'

export interface Opened {
  readonly kind: 'opened'
  /** Undefined: they can't be read any more, and `why` says why. */
  readonly details?: unknown
  readonly why: Readability
}

export async function openDetails(order: Order, parts: DutyParts): Promise<Opened | Refusal> {
  const admitted = await admit(order, parts)
  if (admitted.kind === 'refused') return admitted
  const { approvals, gateway, officers, statement } = admitted
  const { exchange } = statement
  const decision = exchange && (await parts.decisionOf(exchange))
  if (decision === undefined || exchange === undefined) {
    return refusal('exchange-unknown', `no chain has an exchange ${exchange ?? ''}`)
  }
  const at = parts.clock.now()
  const record: AccessRecord = { approvals, at, gateway, officers, statement, v: 1 }
  await parts.append([{ kind: 'access', record: canonicalJson(record) }])
  parts.onStep('recorded')
  const { sealed, subject } = decision
  const details = parts.keys.open(subject, exchange, sealed)
  const why = readabilityOf({
    hasRecord: true,
    hasKey: details !== undefined,
    isErased: subject !== undefined && parts.duties.erasureOf(gateway, subject) !== undefined,
  })
  return { kind: 'opened', details: details && detailsIn(details), why }
}
