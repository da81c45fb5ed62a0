/** What is durable in the journals of this gateway's own chains, read again: all that is ever sent anywhere. */

/** One commit: its entries (gateway/ledger/entry-bytes.ts) and the checkpoint over them and all before. */
export interface Commit {
  /** Index of its first leaf. */
  readonly first: number
  readonly count: number
  /** Entries, then the checkpoint (a signed note). */
  readonly payload: Buffer
}

export interface ChainJournal {
  /**
   * Commits from the one that begins with leaf `from`, in order, that end at leaf `to` at the latest: as many as fit into so many
   * bytes, one at least. Empty where none begins there. MUST give the same bytes each time, and nothing that is not durable:
   * the caller asks for no leaf behind those it was told of.
   */
  read(from: number, to: number, mostBytes: number): readonly Commit[]
}

export interface JournalledChain {
  readonly origin: string
  /** Leaves that are durable and signed when it is opened. */
  readonly size: number
  readonly journal: ChainJournal
}
