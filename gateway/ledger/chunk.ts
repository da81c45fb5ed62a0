/** Leaves and checkpoints as a verifier is given them, whatever carried them (`gateway/ports/chain-source.ts`). */
import type { Finding } from './finding.ts'
import type { FrameType } from './storage.ts'

/** Some parts and the bytes that they stand in: about 1 MB, so that a thread's work is worth handing over. */
export interface Chunk {
  /** Never written to again. May be a piece of something larger: whoever hands it to another thread hands over a copy then. */
  readonly bytes: Buffer
  readonly parts: readonly Part[]
}

export type Part = Carried | Damage

export interface Carried {
  /**
   * `batch`: `count` entries, then the checkpoint over them and all before; `leaves`: entries alone; `checkpoint`: one over `first`
   * leaves, `count` is 0.
   */
  readonly type: FrameType
  /** Index of the first leaf; of a checkpoint alone: the size that it signs. */
  readonly first: number
  readonly count: number
  /**
   * In `bytes`: entries as in `entry-bytes.ts`, where a record of length 0 is not there (taken away, or never carried); a
   * checkpoint is the signed note's UTF-8 up to `end`.
   */
  readonly start: number
  readonly end: number
  /** Nobody knows whether the chain's key signed these leaves: what they say accuses nobody who has it, and nothing follows. */
  readonly isDoubtful?: true
  /** Where it stands: segment and byte of a journal, partition and offset of Kafka. */
  readonly segment?: number
  readonly offset?: number
}

/** What the carrier itself shows to be wrong: a checksum, a tile, two leaves of one index. */
export interface Damage {
  readonly type: 'damage'
  readonly finding: Finding
  /** Nothing behind it can be judged: the source reads no further. */
  readonly ends: boolean
}
