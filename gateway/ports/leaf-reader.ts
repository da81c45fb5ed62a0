/** Leaves of the gateway's own chain, read back. */
export interface KeptLeaf {
  readonly leaf: string
  /** RFC 8785 text of the record. */
  readonly record: string
  /** C2SP tlog-proof in the newest checkpoint that is durable. */
  proof(extra: Uint8Array): string
}

export interface LeafReader {
  /** Undefined: there is no such leaf. */
  read(index: number): Promise<KeptLeaf | undefined>
}
