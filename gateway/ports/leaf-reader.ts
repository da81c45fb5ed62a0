/** Leaves of the gateway's own chain, read back. */
export interface KeptLeaf {
  readonly leaf: string
  /** RFC 8785 text of the record. */
  readonly record: string
  /** C2SP tlog-proof in the checkpoint that was asked for. */
  proof(extra: Uint8Array): string
}

export interface LeafReader {
  /**
   * Undefined: there is no such leaf. `note`: a checkpoint that this chain has had, for the proof; absent: the newest that is
   * durable.
   */
  read(index: number, note?: string): Promise<KeptLeaf | undefined>
}
