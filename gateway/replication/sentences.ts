/** What replication tells an operator of what it found on the log servers. */
import type { Divergence } from './followed-chain.ts'
import type { Finding } from './followed-lane.ts'

export function lostSentence(
  finding: Extract<Finding, { kind: 'lost' | 'lost-notes' }>,
  where: string,
): string {
  const { from, to } = finding
  const what =
    finding.kind === 'lost'
      ? `${finding.chain}: leaves ${from} to ${to - 1}`
      : `published checkpoints ${from} to ${to - 1}`
  return (
    `${what} were acknowledged and are not in ${where}; ` +
    `they are sent again from the ${finding.kind === 'lost' ? 'journal' : 'folder'}. ` +
    'Look after the log servers: they lost records.'
  )
}

export const UNPUBLISHED =
  'the published checkpoints on the log servers can’t be read back: they are not compared, and new ones may wait to be sent. ' +
  'Look whether the reading principal may read their topic.'

export function truncatedSentence(
  { from, to }: Extract<Finding, { kind: 'truncated' }>,
  where: string,
): string {
  return (
    `${where}: the records before offset ${to} are gone, from ${from} on; ` +
    'somebody deleted them, or a retention is set. They are still here.'
  )
}

export function rolledBackSentence(
  { from, to }: Extract<Finding, { kind: 'rolled-back' }>,
  where: string,
): string {
  return (
    `${where} ended at offset ${from} and now ends at ${to}: the log servers lost its end. ` +
    'It is read anew, and what is missing is sent again from here.'
  )
}

/** Whoever may write there could otherwise stop us for good with one message. */
export function foreignSentence(chain: string, where: string): string {
  return (
    `${chain}: somebody who does not have our key wrote under this name into ${where}, and is passed over. ` +
    'Find out who may write there, and take that right away.'
  )
}

export function sentenceOf({ chain, index, why }: Divergence): string {
  const what = {
    unreadable: 'a message under this name that is no commit at all',
    ahead: 'leaves that this folder does not hold',
    other: 'other leaves than this folder holds',
    note: 'a published checkpoint with our signature that this folder’s leaves do not lead to',
  }[why]
  const where = why === 'note' ? `up to leaf ${index}` : `from leaf ${index} on`
  return (
    `${chain}: the log servers have ${what}, ${where}. Another process writes under our name (a cloned ` +
    'folder, or one restored from a backup while the newer one was used): nothing is recorded or sent any more. ' +
    'Stop both, keep both folders, and run gongdao verify.'
  )
}
