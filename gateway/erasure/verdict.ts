import { hash } from 'node:crypto'
import { canonicalJson } from '../../policies/canonical-json.ts'
import { Digest } from '../../policies/vocabulary.ts'
import type { ReplayVerdict } from '../ledger/duty-events.ts'
import type { PersonalRecord } from './parts.ts'

/** What replay said under one pseudonym, as its `erasure` leaf holds it: anybody can make it again from the chains. */
export function verdictOf(replayed: PersonalRecord['replayed']): ReplayVerdict {
  const counts = { agree: 0, differ: 0, stale: 0, undecidable: 0 }
  for (const { finding } of replayed) counts[finding] += 1
  const text = canonicalJson(replayed.map(({ exchange, finding }) => [exchange, finding]))
  return { ...counts, digest: Digest.parse(hash('sha256', text, 'base64url')) }
}
