/** What a check of the ledger finds. */

export type FindingKind =
  /** A frame whose checksum, form or place is wrong: its bytes were changed, or frames are gone. */
  | 'frame-damaged'
  | 'segment-damaged'
  | 'tail-not-zero'
  | 'index-wrong'
  | 'leaf-malformed'
  | 'record-mismatch'
  | 'record-not-canonical'
  | 'record-malformed'
  | 'public-mismatch'
  | 'kind-wrong'
  | 'checkpoint-missing'
  | 'checkpoint-wrong'
  | 'signature-wrong'
  | 'time-backwards'
  | 'opening-wrong'
  | 'genesis-wrong'
  | 'closure-wrong'
  | 'heads-wrong'
  | 'chain-missing'
  | 'chain-in-secret'
  | 'outcome-wrong'
  | 'outcome-missing'
  | 'key-unknown'
  /** Two leaves of one index, or two signed trees of one size: the operator's own signatures contradict each other. */
  | 'fork'

export interface Finding {
  readonly chain: string
  readonly kind: FindingKind
  /** The first leaf that is affected, and the last where a range is. */
  readonly first?: number
  readonly last?: number
  /** Where in the journal. */
  readonly segment?: number
  readonly offset?: number
  readonly sentence: string
}

export interface Counts {
  chains: number
  leaves: number
  checkpoints: number
  bytes: number
  intents: number
  denials: number
  outcomes: number
  /** Intents of a chain that is still running, or waits for its successor, whose deadline has not passed. */
  open: number
}

export function noCounts(): Counts {
  return {
    chains: 0,
    leaves: 0,
    checkpoints: 0,
    bytes: 0,
    intents: 0,
    denials: 0,
    outcomes: 0,
    open: 0,
  }
}

/** `leaf 5` or `leaves 5 to 9`, `leaves from 5 on`. */
export function leavesText(first: number, last: number | undefined): string {
  if (last === undefined) return `leaves from ${first} on`
  return first === last ? `leaf ${first}` : `leaves ${first} to ${last}`
}
