/** An act for people: what was done, and who says what to it. */
import type { Finding } from '../../../gateway/ledger/finding.ts'
import type { Played } from './acts.ts'

export function playedInWords(played: Played, number: number): string {
  const { byNote, byReceipt, deed, isCaught, title, witnesses } = played
  return [
    `${number}. The operator ${title}: it ${deed}.`,
    ...told('   one receipt:    ', byReceipt),
    ...told('   a witness note: ', byNote),
    ...witnesses.map((words) => `   the witnesses:  ${words}`),
    isCaught ? '   → caught ✓' : '   → NOT caught ✗',
    '',
  ].join('\n')
}

/** The finding that names the place; the others follow from it. */
function told(who: string, findings: readonly Finding[]): string[] {
  const telling = findings.find(({ kind }) => CONVICTING.has(kind))
  return telling === undefined
    ? []
    : [`${who}${place(telling)}: ${telling.kind}: ${telling.sentence}`]
}

const CONVICTING: ReadonlySet<Finding['kind']> = new Set([
  'chain-in-secret',
  'chain-truncated',
  'fork',
  'history-rewritten',
])

function place({ chain, first, last }: Finding): string {
  if (first === undefined) return chain
  return `${chain}, ${first === last ? `leaf ${first}` : `leaves ${first} to ${String(last)}`}`
}
