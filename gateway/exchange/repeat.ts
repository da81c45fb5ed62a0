/** `Idempotency-Key` (design §2): with an unsafe method, the provider is never asked twice for one key of a subsystem. */
import { createHmac } from 'node:crypto'
import { canonicalJson } from '../../policies/canonical-json.ts'
import { memberOf, type SubsystemId } from '../../policies/vocabulary.ts'
import type { Decided } from './2-decide.ts'
import { ended, type Ended } from './ended.ts'
import type { ExchangeParts } from './parts.ts'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])
const DAY_MS = 86_400_000

export interface Repeat {
  readonly kind: 'first'
  /** HMAC under today's secret: what the intent holds. */
  readonly value: string
}

export async function takeRepeat(
  decided: Decided,
  parts: ExchangeParts,
): Promise<Repeat | Ended | undefined> {
  const { call, headers, exchange } = decided.asked
  if (headers.idempotencyKey === undefined || SAFE.has(call.method)) return undefined
  const key = headers.idempotencyKey
  // Not the moment of the decision: the day may have ended since, and with it the secret of the day before.
  const at = parts.clock.now()
  const [today, yesterday] = await Promise.all(
    [at, at - DAY_MS].map(async (moment) =>
      repeatValue(await parts.keys.repeatSecret(dayOf(moment)), call.peer.subsystem, key),
    ),
  )
  if (today === undefined || yesterday === undefined) return undefined
  // No await between looking and taking: two requests with one key can't both be the first.
  const first = parts.repeats.first([today, yesterday], at)
  if (first !== undefined) return { kind: 'ended', code: 'Client.Request.Repeated', first }
  // Rather refused than asked without remembering that it was.
  const member = memberOf(call.peer.subsystem)
  if (!parts.repeats.hasRoom(member)) return ended('Server.Overloaded')
  parts.repeats.take(today, { member, exchange, at })
  return { kind: 'first', value: today }
}

function repeatValue(secret: Uint8Array, subsystem: SubsystemId, key: string): string {
  return createHmac('sha256', secret)
    .update(canonicalJson([subsystem, key]))
    .digest('base64url')
}

/** UTC day, `YYYY-MM-DD`. */
function dayOf(moment: number): string {
  return new Date(moment).toISOString().slice(0, 10)
}
