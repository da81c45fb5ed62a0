/** Torn tails that were cut off are kept as they were, each named by a leaf: so that nobody can call a change a crash. */
import type { Finding } from '../ledger/finding.ts'
import type { KeptCut } from '../ports/chain-source.ts'

/** `isDue`: a leaf would name it by now, which comes behind it. */
export function cutFindings(
  chain: string,
  kept: readonly KeptCut[],
  {
    isDue,
    recorded,
  }: { readonly recorded: ReadonlySet<string>; readonly isDue: (hash: string) => boolean },
): Finding[] {
  const files = new Set<string>(kept.map(({ hash }) => hash))
  const missing = [...recorded].filter((hash) => !files.has(hash))
  const wrong = kept.filter(({ isWhole }) => !isWhole)
  const unrecorded = kept.filter(({ hash }) => !recorded.has(hash) && isDue(hash))
  return [
    ...missing.map((hash): Finding => ({
      chain,
      kind: 'cut-missing',
      sentence: `a leaf names a torn tail with digest ${hash}, which is not kept`,
    })),
    ...wrong.map(({ hash }): Finding => ({
      chain,
      kind: 'cut-wrong',
      sentence: `the torn tail with digest ${hash} has not the bytes that its name says`,
    })),
    ...unrecorded.map(({ bytes, hash }): Finding => ({
      chain,
      kind: 'cut-unrecorded',
      sentence: `${bytes} bytes with digest ${hash} were cut off, and no leaf says so`,
    })),
  ]
}
