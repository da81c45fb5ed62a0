/**
 * Every value that the demo's departments hold about somebody and that can be searched for: identifiers, names,
 * addresses, employers, amounts, dates of birth. None of them may be found in what the gateway keeps.
 */
import { allRecords } from './household.ts'
import { allIncomes } from './income.ts'
import { allEnrolments } from './nhi-enrolment.ts'

const SHORTEST = 6
/** Neither tells anything about anybody, and both stand elsewhere: registered codes, and days that are not of birth. */
const TELLS_NOTHING = new Set([
  'premiumStatus',
  'incomeCategory',
  'relation',
  'enrolFrom',
  'enrolTo',
  'date',
])

/** Texts and numbers of at least six characters, and all names; each once. */
export function departmentData(): readonly string[] {
  const all = new Set<string>()
  collect([allEnrolments(), allIncomes(), allRecords()], '', all)
  return [...all]
}

function collect(value: unknown, member: string, into: Set<string>): void {
  if (typeof value === 'object' && value !== null) {
    for (const [name, part] of Object.entries(value)) {
      collect(part, Array.isArray(value) ? member : name, into)
    }
  } else if (typeof value === 'string' || typeof value === 'number') {
    const text = String(value)
    const isTelling = text.length >= SHORTEST || member === 'name'
    if (isTelling && !TELLS_NOTHING.has(member)) into.add(text)
  }
}
