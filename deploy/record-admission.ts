/** One `admission` leaf a minute, when there is something to tell (design §2). */
import type { Chain } from '../gateway/ledger/entry.ts'
import type { Clock } from '../gateway/ports/clock.ts'
import type { AdmissionCounts } from '../gateway/projections/admission-counts.ts'
import type { Report } from '../gateway/ports/telemetry.ts'

const EVERY_MS = 60_000

export function recordAdmission(
  counts: AdmissionCounts,
  chain: Chain,
  parts: { readonly clock: Clock; readonly report: Report },
): { stop(): Promise<void> } {
  /** False where there was nothing to record, or no way to. */
  async function record(): Promise<boolean> {
    const leaf = counts.take(parts.clock.now())
    if (leaf === undefined) return false
    try {
      await chain.append({ kind: 'admission', record: JSON.stringify(leaf), finishes: true })
      return true
    } catch {
      // Counted again with the next minute's; the ledger's own trouble is told elsewhere.
      counts.putBack(leaf)
      parts.report('what was refused this minute could not be recorded yet', 'watch')
      return false
    }
  }
  const timer = setInterval(() => void record(), EVERY_MS).unref()
  return {
    async stop() {
      clearInterval(timer)
      while (await record());
    },
  }
}
