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
  /** Something under the chain's name on a log server that the chain was not read from, and that accuses nobody who has its key. */
  | 'foreign'
  /** Signed and seen, and not in a copy that is sent behind the original: not yet, or not any more. */
  | 'behind'
  /** Not what the chain's own key signed before: a receipt, a pin, a published or witnessed checkpoint says so. */
  | 'history-rewritten'
  /** Leaves that were signed, and seen, are not there any more. */
  | 'chain-truncated'
  /** A number of a gateway's chains was never opened in public. */
  | 'number-gap'
  /** The leaf is there, its record is not, and no leaf says why. */
  | 'record-missing'
  /** A file of tiles, entries or records is damaged or gone. */
  | 'tile-damaged'
  /** An entry is not the leaf that its tile names. */
  | 'leaf-altered'
  /** A torn tail that a leaf names is not kept, not whole, or was kept without a leaf. */
  | 'cut-missing'
  | 'cut-wrong'
  | 'cut-unrecorded'
  /** A receipt or note that was handed in proves nothing. */
  | 'evidence-wrong'
  /** A time-stamp that a leaf names is not kept; is not what it should be; has run out without another one over it. */
  | 'anchor-missing'
  | 'anchor-wrong'
  | 'anchor-expired'
  /** An order about persons' keys that two officers did not sign, or that was not theirs. */
  | 'order-wrong'
  /** A key is gone without an `erasure` leaf; it lives though there is one. */
  | 'key-lost'
  | 'key-undestroyed'

export interface Finding {
  readonly chain: string
  readonly kind: FindingKind
  /** The first leaf that is affected, and the last where a range is. */
  readonly first?: number
  readonly last?: number
  /** Where it stands: segment and byte of a journal, partition and offset of Kafka. */
  readonly segment?: number
  readonly offset?: number
  readonly sentence: string
  /** It is about what is missing behind the end: of a copy that may lag, that is no more than `behind`. */
  readonly isAtEnd?: true
}

export interface Counts {
  chains: number
  leaves: number
  checkpoints: number
  /** Signatures of checkpoints that were verified. */
  signatures: number
  bytes: number
  intents: number
  denials: number
  outcomes: number
  /** Intents of a chain that is still running, or waits for its successor, whose deadline has not passed. */
  open: number
  /** Leaves whose record is not there. */
  withoutRecord: number
  /** Leaves whose record was taken away when their time was over, as a leaf of the registry says: no finding. */
  pruned: number
  /** Chains of gateways whose key is not pinned, and that this source does not carry: not judged, and no finding. */
  elsewhere: number
}

export function noCounts(): Counts {
  return {
    chains: 0,
    leaves: 0,
    checkpoints: 0,
    signatures: 0,
    bytes: 0,
    intents: 0,
    denials: 0,
    outcomes: 0,
    open: 0,
    withoutRecord: 0,
    pruned: 0,
    elsewhere: 0,
  }
}

/** Those of a part that was examined by itself. */
export function addCounts(
  counts: Counts,
  part: Readonly<Pick<Counts, 'intents' | 'outcomes' | 'denials' | 'withoutRecord' | 'pruned'>>,
): void {
  counts.intents += part.intents
  counts.outcomes += part.outcomes
  counts.denials += part.denials
  counts.withoutRecord += part.withoutRecord
  counts.pruned += part.pruned
}

/** `leaf 5` or `leaves 5 to 9`, `leaves from 5 on`. */
export function leavesText(first: number, last: number | undefined): string {
  if (last === undefined) return `leaves from ${first} on`
  return first === last ? `leaf ${first}` : `leaves ${first} to ${last}`
}
