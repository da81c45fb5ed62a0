/**
 * Where a verifier reads chains from, whatever carries them: a journal, Kafka, tiles in a folder. A source only carries: it
 * is trusted for nothing, so it MUST hand over what it has and MUST NOT mend or leave out in silence what looks wrong: where anyone may
 * write, as on Kafka, what is not handed over is a damage with its place.
 */
import type { Digest } from '../../policies/vocabulary.ts'
import type { Chunk } from '../ledger/chunk.ts'

export interface ChainSource {
  /** Every chain that is there, whether or not anybody opened it in public. */
  chains(): Promise<readonly FoundChain[]>
  /**
   * A chain's leaves and checkpoints in the order of their indices, to the end of what is there now; nothing where the chain is not
   * there. A leaf that stands twice with the same bytes (Kafka, after an unknown outcome) MUST be given once; with other bytes it
   * MUST be a `fork` damage where the chain's key signed them, and may be `foreign` where it did not.
   */
  read(origin: string, how: HowToRead): AsyncIterable<Chunk> | Iterable<Chunk>
  /** Torn tails that were kept aside; absent where this source does not carry them. */
  cuts?(origin: string): Promise<readonly KeptCut[]>
  /** What is here was sent from elsewhere: what is not here may not have come yet. */
  readonly mayLag?: true
  /** Another process writes the registry: its newest leaves may not have come here. */
  readonly registryMayLag?: boolean
  /** Resolves when what was durable elsewhere before is here as well, most of the time; absent where it always is. */
  settle?(): Promise<void>
  close?(): Promise<void>
}

export interface FoundChain {
  /** Undefined where its name can't be read any more. */
  readonly origin: string | undefined
  /** For people: folder, or topic and partition. */
  readonly where: string
  /** Whether the key of its name signed any of it; absent where only the operator can have put it there. */
  readonly isSigned?: () => Promise<boolean | 'no key'>
}

export interface HowToRead {
  /** Parts of which every leaf stands before this index may be left out. */
  readonly from: number
  /** A gateway may be writing to it now: what looks torn at the very end is read again before it is called damaged. */
  readonly mayGrow: boolean
}

export interface KeptCut {
  /** By its name. */
  readonly hash: Digest
  readonly bytes: number
  /** Whether its bytes are those that its name says. */
  readonly isWhole: boolean
}
