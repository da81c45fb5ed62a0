/**
 * What rests on consent is closed while consent can't be read, and nothing else is (design §6). There is no consent register in this
 * version, so it never can be: rule F18 refuses, and here the operator is told which agreements that is about.
 */
import { degraded, ok, type HealthFinding } from '../gateway/ports/health.ts'
import { agreementsOnConsent } from '../policies/rests-on-consent.ts'
import type { AgreementId, Instant } from '../policies/vocabulary.ts'
import type { Core } from './open-core.ts'

/** Agreements in force under which everybody is refused. */
export function closedForConsent(core: Pick<Core, 'inForce'>, at: Instant): readonly AgreementId[] {
  return agreementsOnConsent(core.inForce().book.documents, at)
}

const MOST_NAMES = 5

export function consent(closed: readonly AgreementId[]): HealthFinding {
  if (closed.length === 0) return ok('no agreement in force rests on it')
  const further = closed.length > MOST_NAMES ? ' and others' : ''
  const named = `${closed.slice(0, MOST_NAMES).join(', ')}${further}`
  return degraded(
    `it can’t be read, and ${String(closed.length)} of the agreements in force rest on it: ${named}. Whoever asks under them is refused (rule F18)`,
    'This version has no consent register. Have them made on another basis where the law gives one, or take them out of documents/ and tell the departments.',
  )
}
