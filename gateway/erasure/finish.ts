/**
 * At each start, before anything else is recorded: an `erasure` leaf whose key still lives (a crash between the two, or an old key store put
 * back) is finished. The person's pseudonyms that have no leaf yet get theirs, by the same order, before her key dies.
 */
import { erasureEntries } from './erase.ts'
import type { DutyParts } from './parts.ts'

type FinishParts = Pick<DutyParts, 'append' | 'chance' | 'clock' | 'duties' | 'keys' | 'recordsOf'>

/** Answers how many keys were destroyed. */
export async function finishErasures(parts: FinishParts): Promise<number> {
  const { duties, keys } = parts
  const subjects = [...duties.erasures.keys()]
  const alive = new Set(subjects.map((subject) => keys.holder(subject)))
  const persons = [...alive].filter((person) => person !== undefined)
  if (persons.length === 0) return 0
  const resume = await keys.suspend(persons)
  try {
    for (const person of persons) await completeLeaves(keys.subjectsOf(person), parts)
    keys.destroy(persons)
  } finally {
    resume()
  }
  return persons.length
}

async function completeLeaves(subjects: readonly string[], parts: FinishParts): Promise<void> {
  const { erasures } = parts.duties
  const order = subjects.map((subject) => erasures.get(subject)).find((leaf) => leaf !== undefined)
  const without = subjects.filter((subject) => !erasures.has(subject))
  if (order === undefined || without.length === 0) return
  const records = await parts.recordsOf(new Set(without))
  await parts.append(erasureEntries(order, records, parts))
}
