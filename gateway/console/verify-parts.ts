/** What a verification is given, and what comes of it. */
import type { ChainCheckOptions } from '../ledger/check-chain.ts'
import type { Chunk } from '../ledger/chunk.ts'
import type { Examined, HowToExamine } from '../ledger/examine.ts'
import type { Counts, Finding } from '../ledger/finding.ts'
import type { PinnedKeys } from '../ledger/pinned-keys.ts'
import type { ChainSource } from '../ports/chain-source.ts'
import type { Evidence } from './evidence.ts'
import type { Pins } from './pins.ts'

export interface VerifyParts {
  readonly source: ChainSource
  readonly keys: PinnedKeys
  /** Milliseconds: intents that are due later may still be open. */
  readonly now: number
  readonly examine: (chunk: Chunk, how: HowToExamine) => Examined | Promise<Examined>
  /** How many chunks are examined at a time. */
  readonly width?: number
  readonly evidence?: Evidence
  /** An earlier verification: exchange chains are read from where it ended. */
  readonly since?: Pins | undefined
  /** Each leaf of the registry that is not for exchange chains alone, in order. */
  readonly onRegistryLeaf?: ChainCheckOptions['visit']
  /** Absent: every signature. */
  readonly sample?: HowToExamine['sample']
  /** `expected`: leaves that there are by what is known of them; somebody may have made that up. */
  readonly onProgress?: ((counts: Readonly<Counts>, expected: number) => void) | undefined
}

export interface Verified {
  readonly findings: readonly Finding[]
  readonly counts: Counts
  /** How far this came: for `since` of the next one, if there is no finding. */
  readonly pins: Pins
}
