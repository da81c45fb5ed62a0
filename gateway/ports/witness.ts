import type { TreeHash } from '../ledger/hash.ts'

/** A witness as the log asks it. */
export interface Witness {
  /** C2SP verifier key, algorithm 0x04. */
  readonly vkey: string
  /**
   * MUST end within a bounded time and keep a bounded answer, whatever the peer does; MUST NOT throw for what a peer does. What
   * comes back is attacker-controlled: nothing in it is verified.
   */
  post(path: 'add-checkpoint' | 'add-genesis' | 'complaints', body: string): Promise<WitnessReply>
  get(path: string): Promise<WitnessReply>
}

export type WitnessReply =
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly contentType: string
      readonly body: string
    }
  | { readonly kind: 'away'; readonly why: WitnessAway }

/** `faulty`: it answers that it has a fault of its own (5xx). */
export type WitnessAway =
  'unreachable' | 'untrusted' | 'timeout' | 'too-large' | 'broken' | 'faulty'

/** A chain whose checkpoints are published: what a witness asks of it. */
export interface WitnessedLog {
  readonly origin: string
  /** Another process writes it, and brings its checkpoints too: a witness may know more of it than is here yet. */
  readonly isFollowed?: boolean
  /** The newest durable checkpoint, a signed note; undefined while there is none. */
  checkpoint(): string | undefined
  /** RFC 6962 §2.1.2: that the tree of `note`, a checkpoint that this log had, begins with its tree of `old` leaves. */
  consistency(old: number, note: string): readonly TreeHash[]
  /**
   * tlog-proof of a leaf within `note`, a checkpoint that this log had and that covers it; `extra` shows the leaf, and its record where
   * asked for. Undefined: there is no such leaf.
   */
  receipt(index: number, note: string, shows: 'leaf' | 'record'): Promise<string | undefined>
}
