/**
 * Agreements that are worth nothing without the subject's own consent (PDPA §7; bases §15(2), §16(7), §6(1)(6)). Consent is necessary for
 * them, never sufficient, and never widens them (design D13).
 */
import { isInForce } from './agreement-index.ts'
import type { Agreement } from './agreement.ts'
import type { Documents } from './documents/documents.ts'
import type { AgreementId, Instant } from './vocabulary.ts'

type Registered = Pick<Documents, 'agreements' | 'legalBases'>

export function restsOnConsent(
  { article6, collect, disclose }: Agreement,
  { legalBases }: Pick<Registered, 'legalBases'>,
): boolean {
  // A basis that nobody registered might be consent.
  return [collect.basis, disclose.basis, article6].some(
    (code) => code !== undefined && legalBases.get(code)?.requiresConsent !== false,
  )
}

/** Those in force at that time that rest on it. */
export function agreementsOnConsent(documents: Registered, at: Instant): readonly AgreementId[] {
  return documents.agreements
    .map(({ document }) => document)
    .filter((agreement) => isInForce(agreement, at) && restsOnConsent(agreement, documents))
    .map(({ id }) => id)
}
