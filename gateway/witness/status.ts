/** How far the witnesses are behind, and what each of them does: for those who run the gateway. */
import type { Instant } from '../../policies/vocabulary.ts'
import type { Cosigned } from './ask-witness.ts'

export type WitnessState =
  | 'not-asked'
  | 'cosigning'
  /** It can't be reached, does not answer in time, or has a fault of its own. */
  | 'away'
  /** It does not take our checkpoints: it does not know our keys. */
  | 'refusing'
  /** It remembers another history of one of our chains: one of the two is wrong, and what was signed will show which. */
  | 'contradicting'
  /** Its answers are none that an honest witness gives. */
  | 'lying'

export interface WitnessView {
  readonly name: string
  readonly state: WitnessState
  /** Since when it is in this state. */
  readonly since: Instant
  /** In words, where it is not cosigning. */
  readonly why?: string
}

export interface WitnessStatus {
  /** How many must cosign; 0 where no witnesses are configured. */
  readonly require: number
  readonly witnesses: readonly WitnessView[]
  /** When a checkpoint was last published with as many cosignatures. */
  readonly lastCosigned?: Instant
  /** For how long something has been waiting for its cosignatures, milliseconds; 0: nothing has. */
  readonly behindMs: number
  /** False where the configuration wants no exchange while the witnesses are away, and they have been for too long. */
  readonly accepts: boolean
  /** Since when checkpoints can't be kept here, and so not be published, and why. */
  readonly unkept?: { readonly since: Instant; readonly why: string }
}

export interface Standing {
  readonly state: WitnessState
  readonly why?: string
}

export function standingAfter(cosigned: Cosigned, chain: string): Standing {
  switch (cosigned.kind) {
    case 'cosigned':
      return { state: 'cosigning' }
    case 'away':
      return { state: 'away', why: AWAY[cosigned.why] }
    case 'ahead':
      return {
        state: 'contradicting',
        why: `it remembers ${cosigned.size} leaves of ${chain}, more than are here: this ledger was put back to an earlier state, or another process writes this chain. Do not go on before you know which`,
      }
    case 'contradicted':
      return {
        state: 'contradicting',
        why: `it does not take ${chain} for the tree that it knows. Compare with gongdao verify, and ask the witness for its contradictions`,
      }
    case 'refused':
      return {
        state: 'refusing',
        why: `it answers ${cosigned.status} to ${chain}: ask its operator to pin this ledger's keys.txt`,
      }
    case 'lying':
      return { state: 'lying', why: `it answers with ${cosigned.why}: nothing of it is counted` }
  }
}

const AWAY = {
  unreachable: 'no connection: is it running, is its address right?',
  untrusted: 'its certificate is not one that the configured CA vouches for',
  timeout: 'no whole answer in time',
  'too-large': 'an answer larger than any honest one',
  broken: 'the connection broke before the answer was whole',
  faulty: 'it answers that it has a fault of its own, such as a full disk: tell its operator',
} as const
