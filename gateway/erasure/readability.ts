/** What can still be read of an exchange's sealed details, and where not, why: three findings that must not be mixed up. */
export type Readability =
  | 'readable'
  /** The key was destroyed by an order of two officers, which is on record. */
  | 'erased'
  /** The key is gone, and no leaf says why: a loss, or an erasure in secret. */
  | 'lost'
  /** The record itself is gone; only its leaf is left. */
  | 'missing'
  /** A leaf says that the key was destroyed, and it lives: the next start finishes it. */
  | 'undestroyed'

export function readabilityOf(found: {
  readonly hasRecord: boolean
  readonly hasKey: boolean
  /** An `erasure` leaf names its pseudonym. */
  readonly isErased: boolean
}): Readability {
  if (!found.hasRecord) return 'missing'
  if (found.hasKey) return found.isErased ? 'undestroyed' : 'readable'
  return found.isErased ? 'erased' : 'lost'
}
