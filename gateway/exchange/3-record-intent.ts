/**
 * Step 3: the decision is durable, or we stop here. A denial ends here, recorded before the 403 leaves.
 *
 * Recorded before the provider is asked: if we crash after this line there is a permit without a disclosure (harmless),
 * never a disclosure without a permit.
 */
import { subsystemOf } from '../../policies/vocabulary.ts'
import { NotReplicated } from '../ledger/entry.ts'
import type { Recorded } from '../ledger/entry.ts'
import { taipeiMonth } from '../ledger/public-row.ts'
import type { PersonKey, SealingKey } from '../ports/key-store.ts'
import type { Decided } from './2-decide.ts'
import { appended } from './appended.ts'
import { noncesOf, SEED_BYTES, type Nonces } from './commitment.ts'
import { decisionRecord, type WrittenRecord } from './decision-record.ts'
import { ended, type Ended } from './ended.ts'
import type { ExchangeParts } from './parts.ts'
import { takeRepeat } from './repeat.ts'

interface RecordedDecision {
  readonly decided: Decided
  readonly nonces: Nonces
  /** Pseudonym of the subject; absent where nobody is identifiable. */
  readonly subject: string | undefined
  readonly written: WrittenRecord
  readonly recorded: Recorded
  /** In the journal, and not at the log servers in time: the provider is not asked. */
  readonly isLate: boolean
}

export interface Intent extends RecordedDecision {
  readonly kind: 'intent'
}

export interface Denied extends RecordedDecision {
  readonly kind: 'denied'
}

export async function recordIntent(
  decided: Decided,
  parts: ExchangeParts,
): Promise<Intent | Denied | Ended> {
  // Asked before the key store is touched: what can't be recorded should leave no new key behind.
  if (!parts.ledger.accepts()) return ended('Server.Ledger.Unavailable')
  if (decided.decision.effect === 'deny') {
    return { kind: 'denied', ...(await record(decided, undefined, parts)) }
  }
  const repeat = await takeRepeat(decided, parts)
  if (repeat?.kind === 'ended') return repeat
  try {
    return { kind: 'intent', ...(await record(decided, repeat?.value, parts)) }
  } catch (fault) {
    if (repeat !== undefined) parts.repeats.release(repeat.value)
    throw fault
  }
}

async function record(
  decided: Decided,
  repeat: string | undefined,
  parts: ExchangeParts,
): Promise<RecordedDecision> {
  const seed = parts.chance.bytes(SEED_BYTES)
  const nonces = noncesOf(seed)
  const key = keyFor(decided, parts)
  const known = key instanceof Promise ? await key : key
  const subject = 'subject' in known ? known.subject : undefined
  const written = decisionRecord(
    { decided, nonces, seed, key: known, subject, repeat, salt: parts.chance.bytes(16) },
    { revocations: parts.revocations(), configuration: parts.configuration },
  )
  const { effect } = decided.decision
  const { isLate, recorded } = await appended(parts.ledger, {
    kind: effect === 'permit' ? 'intent' : 'denial',
    record: written.text,
    public: written.public,
  })
  parts.history.began(decided.asked.exchange, {
    consumer: decided.asked.call.peer.subsystem,
    provider: subsystemOf(decided.asked.service.id),
    decision: { chain: parts.ledger.origin, index: recorded.index },
    state: effect === 'permit' ? 'asked' : 'denied',
  })
  if (isLate && effect === 'deny') throw new NotReplicated(recorded)
  return { decided, nonces, subject, written, recorded, isLate }
}

type Key = PersonKey | SealingKey

function keyFor(decided: Decided, parts: ExchangeParts): Promise<Key> | Key {
  const { asked, decision, subject } = decided
  if (subject === undefined) return parts.keys.nobody(asked.exchange)
  const { consumer, provider } = decision.controllers
  const year = Number(taipeiMonth(asked.at).slice(0, 4))
  return parts.keys.person(subject, { consumer, provider, year })
}
