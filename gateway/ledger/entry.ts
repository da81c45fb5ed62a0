/**
 * What is handed to a chain, and what comes back once it is durable.
 *
 * A leaf is RFC 8785 of `{kind, public, record, v}` (design §4): `record` = SHA-256 of the record's canonical bytes,
 * which travel beside the leaf; `public` = a salted commitment to the coarse row for public statistics. So the tree
 * can be shown to anyone, and a record can be taken away without touching a root. This shape is for ever.
 */
import type { Digest } from '../../policies/vocabulary.ts'

export type RegistryKind =
  | ('instance' | 'document' | 'rules' | 'manifest' | 'revocations' | 'genesis' | 'closure' | 'cut')
  /** What officers do with persons' keys (`duty-events.ts`). */
  | ('officers' | 'hold' | 'release' | 'erasure' | 'access')
  /** What keeps the ledger believable and small: time-stamps over its heads, and records taken away when their time is over. */
  | ('anchor' | 'pruned')
export type ExchangeKind =
  'opening' | 'heads' | 'intent' | 'denial' | 'outcome' | 'admission' | 'seal'
export type LeafKind = RegistryKind | ExchangeKind

export interface Entry {
  readonly kind: LeafKind
  /** RFC 8785 text of the record, at most 65,535 bytes in UTF-8. */
  readonly record: string
  readonly public?: Digest
  /** An entry that finishes what was begun (outcome, seal) may use the reserve when the disk is full. */
  readonly finishes?: boolean
}

export interface Recorded {
  readonly index: number
  /** RFC 8785 text of the leaf. */
  readonly leaf: string
  /**
   * C2SP tlog-proof of this leaf in the checkpoint of its own batch, `extra` on its line when given (any bytes).
   * Plain text, not base64.
   */
  receipt(extra?: Uint8Array): string
}

export interface Head {
  readonly origin: string
  readonly size: number
  /** Root hash, base64url. */
  readonly root: Digest
}

/** One chain of the ledger, open for appending. */
export interface Chain {
  readonly origin: string
  /**
   * Resolves once the leaf is durable; never before. Entries of one chain get indices in the order of the calls.
   * Throws `LedgerUnavailable` when nothing was and will be recorded (backlog full, disk full, chain closed).
   */
  append(entry: Entry): Promise<Recorded>
  /** Size and root of what is durable. */
  head(): Head
  /** False when an ordinary append would be refused now (backlog, disk): ask before beginning anything. */
  accepts(): boolean
  /** Waits for what is queued, then closes for good. */
  close(): Promise<void>
}

/** The ledger can't record; nothing was recorded. Answered 503, never retried inside. */
export class LedgerUnavailable extends Error {
  override readonly name = 'LedgerUnavailable'
}

/**
 * The leaf is durable in the journal, and was not at the log server in time (`durability: replicated`). Answered 503; it has its
 * place, and goes there later.
 */
export class NotReplicated extends Error {
  override readonly name = 'NotReplicated'
  readonly recorded: Recorded
  constructor(recorded: Recorded) {
    super('the leaf is in the journal and was not replicated in time')
    this.recorded = recorded
  }
}
