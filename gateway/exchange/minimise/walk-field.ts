/** A single value at a registered place: noted, compared with the subject, checked, kept. */
import { numberEnd, QUOTE, stringEnd, wordEnd, LETTER_N } from '../json/scan.ts'
import { holdsType, isSubject } from './field-types.ts'
import { fault, type Pass } from './pass.ts'
import type { Field, Plan } from './plan.ts'

export function walkField(pass: Pass, plan: Plan, start: number): number {
  const end = readScalar(pass, start)
  // A fault of the grammar: nothing stands here that could be looked at.
  if (end === pass.end && pass.malformed) return end
  const { field } = plan
  if (field !== undefined) pass.present[field.index] = 1
  if (plan.leadsToSubject) compareSubject(pass, start, end)
  if (plan.passes && field !== undefined) {
    if (!mayPass(pass, field, start, end)) {
      pass.place ??= field.name
      pass.malformed = true
    }
    pass.kept.keep(start, end)
  }
  return end
}

/** A string, a number, `true`, `false` or `null`. */
export function readScalar(pass: Pass, start: number): number {
  const { bytes } = pass
  if (bytes[start] === QUOTE) {
    const end = stringEnd(bytes, start + 1)
    pass.escaped = end < 0
    if (end === 0) return fault(pass)
    return end < 0 ? ~end : end
  }
  pass.escaped = false
  const end = (bytes[start] ?? 0) < FIRST_LETTER ? numberEnd(bytes, start) : wordEnd(bytes, start)
  return end === 0 ? fault(pass) : end
}

const FIRST_LETTER = 0x3a

function compareSubject(pass: Pass, start: number, end: number): void {
  if (isSubject(pass, start, end)) pass.subjectSeen = true
  else pass.wrongSubject = true
}

function mayPass(pass: Pass, field: Field, start: number, end: number): boolean {
  return pass.bytes[start] === LETTER_N ? field.nullable : holdsType(pass, field, start, end)
}
