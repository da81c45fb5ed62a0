/** The exchange ends before any decision: nothing becomes a leaf, the refusal is counted. */
import type { Refusal } from '../../policies/refusal.ts'

export interface Ended {
  readonly kind: 'ended'
  readonly code: Refusal
  /** For MethodNotAllowed: what is allowed. */
  readonly allow?: readonly string[] | undefined
  /** For Repeated: the first exchange with the key. */
  readonly first?: string | undefined
}

export function ended(code: Refusal): Ended {
  return { kind: 'ended', code }
}
