/** Legal holds, asked of exchanges and pseudonyms. */
import { holdsNotEnded, holdsOn } from '../../gateway/erasure/holds.ts'
import type { DutyView } from '../../gateway/projections/duty-view.ts'
import { ExchangeId } from '../../policies/vocabulary.ts'
import { askDuties } from '../duties/ask-duties.ts'

export type IsHeld = (what: {
  readonly exchange?: string | undefined
  readonly subject?: string | undefined
}) => boolean

/** In one question: a message that the door takes. */
const ASKED_AT_ONCE = 200_000

/**
 * Only the key store leads from a pseudonym to a person who is under a hold: the running gateway has it open, or this process does where
 * none runs.
 */
export async function heldBy(
  data: string,
  duties: DutyView,
  subjects: readonly string[],
): Promise<IsHeld> {
  const holds = holdsNotEnded(duties)
  const isOnPersons = holds.some(({ token }) => token !== undefined)
  const persons = isOnPersons ? await heldAmong(data, subjects) : new Set<string>()
  return ({ exchange, subject }) => {
    if (subject !== undefined && persons.has(subject)) return true
    if (exchange === undefined || holds.length === 0) return false
    return holdsOn(holds, { exchanges: new Set([ExchangeId.parse(exchange)]) }).length > 0
  }
}

async function heldAmong(data: string, subjects: readonly string[]): Promise<ReadonlySet<string>> {
  const held = new Set<string>()
  for (let at = 0; at < subjects.length; at += ASKED_AT_ONCE) {
    const some = subjects.slice(at, at + ASKED_AT_ONCE)
    const outcome = await askDuties(data, { ask: 'held', subjects: some })
    if (outcome.kind !== 'known') throw new Error('nobody can say whose pseudonyms are held')
    for (const subject of outcome.names) held.add(subject)
  }
  return held
}
