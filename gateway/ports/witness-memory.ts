/** What a witness remembers, for ever. Everything that a promise here resolves for MUST survive a power cut. */
export interface WitnessMemory {
  /** The newest note of a chain that was cosigned, with that cosignature. */
  newest(chain: string): Promise<string | undefined>
  /** The last note of exactly this size that was cosigned. */
  ofSize(chain: string, size: number): Promise<string | undefined>
  /** Callers MUST have compared with `newest` before, and MUST NOT do so for one chain at the same time. */
  remember(chain: string, note: string): Promise<void>
  /** Chains of which a note was cosigned. */
  chains(): readonly string[]

  /** By its name, which says what it is of: the same one again changes nothing. */
  keepContradiction(name: string, text: string): Promise<void>
  contradictions(): readonly string[]

  readonly geneses: readonly KnownGenesis[]
  learnGenesis(genesis: KnownGenesis): Promise<void>

  /** By number, from 1: a complaint's number is its place. */
  readonly complaints: readonly KeptComplaint[]
  /** Resolves with its number. */
  fileComplaint(complaint: Omit<KeptComplaint, 'settled'>): Promise<number>
  settleComplaint(number: number, settled: NonNullable<KeptComplaint['settled']>): Promise<void>
}

/** An exchange chain that the registry opened, as a leaf that the witness has seen under a checkpoint it cosigned. */
export interface KnownGenesis {
  readonly chain: string
  /** Of the leaf in the registry. */
  readonly index: number
  /** With what size and root the gateway's chain before was closed; absent for its first. */
  readonly predecessor?: { readonly chain: string; readonly root: string; readonly size: number }
  /** C2SP tlog-proof with the record. */
  readonly proof: string
}

/** A receipt that no published checkpoint covered. Leaf and proof only: whom the record speaks of is not the witness's to keep. */
export interface KeptComplaint {
  readonly chain: string
  readonly index: number
  /** Hash of the leaf, base64url. */
  readonly leaf: string
  /** C2SP tlog-proof without `extra`. */
  readonly proof: string
  /** POSIX milliseconds. */
  readonly at: number
  /** The tlog-proof that shows the leaf under a checkpoint that this witness has cosigned. */
  readonly settled?: { readonly at: number; readonly proof: string }
}
