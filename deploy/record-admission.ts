/** One `admission` leaf a minute, when there is something to tell (design §2). */
import type { Chain } from '../gateway/ledger/entry.ts'
import type { Clock } from '../gateway/ports/clock.ts'
import type { AdmissionCounts } from '../gateway/projections/admission-counts.ts'

const EVERY_MS = 60_000

export function recordAdmission(
  counts: AdmissionCounts,
  chain: Chain,
  parts: { readonly clock: Clock; readonly report: (sentence: string) => void },
): { stop(): Promise<void> } {
  async function record(): Promise<void> {
    const leaf = counts.take(parts.clock.now())
    if (leaf === undefined) return
    try {
      await chain.append({ kind: 'admission', record: JSON.stringify(leaf), finishes: true })
    } catch {
      // Counted again with the next minute's; the ledger's own trouble is told elsewhere.
      counts.putBack(leaf)
      parts.report('what was refused this minute could not be recorded yet')
    }
  }
  const timer = setInterval(() => void record(), EVERY_MS).unref()
  return {
    async stop() {
      clearInterval(timer)
      await record()
    },
  }
}
