/** A checkpoint that stands on a log server behind leaves that are not the chain's own, and what is told of it. */
import type { Finding } from '../ledger/finding.ts'
import type { TreeHash } from '../ledger/hash.ts'
import { RightEdge } from '../ledger/right-edge.ts'
import type { Candidate } from './candidate.ts'

/** Without its bytes: there may be many. */
export type Claim = Pick<Candidate, 'first' | 'count' | 'partition' | 'offset' | 'root' | 'size'>

export type Told = Omit<Finding, 'chain'>

export function claimOf({ count, first, offset, partition, root, size }: Candidate): Claim {
  return { count, first, offset, partition, root, size }
}

export function isSamePlace(one: Claim, other: Claim): boolean {
  return one.partition === other.partition && one.offset === other.offset
}

export function foreign(claim: Claim): Told {
  return told('foreign', claim, 'what stands there was not signed by the key of the chain')
}

export function fork(claim: Claim): Told {
  return told(
    'fork',
    claim,
    `the key of the chain signed another tree of ${String(claim.size)} leaves`,
  )
}

/** Two stories of a chain whose key nobody has pinned. */
export function unknownWhose(fork: Told): Told {
  const sentence = `another tree stands there as well, and no key is pinned that would say who signed which`
  return { ...fork, kind: 'foreign', sentence }
}

/** `root`: the chain's own, of the size that was signed. */
export function settled(claim: Claim, root: TreeHash): Told {
  if (claim.root !== root) return fork(claim)
  // Or genuine ones, where somebody has joined several and the chain was read from that.
  return told(
    'foreign',
    claim,
    'a checkpoint of the chain stands there behind other leaves than it was read with',
  )
}

function told(kind: 'foreign' | 'fork', claim: Claim, what: string): Told {
  const { count, first, offset, partition } = claim
  const sentence = `partition ${partition}, offset ${offset}: ${what}`
  return { kind, first, last: first + count - 1, sentence }
}

/** Judges claims by a second reading of the chain, leaf by leaf. */
export class Settling {
  readonly #tree = new RightEdge()
  readonly #claims: ReadonlyMap<number | undefined, readonly Claim[]>
  readonly #tell: (finding: Told) => void

  constructor(claims: readonly Claim[], tell: (finding: Told) => void) {
    this.#claims = Map.groupBy(claims, ({ size }) => size)
    this.#tell = tell
  }

  /** The next commit of the chain. */
  take({ hashes }: Pick<Candidate, 'hashes'>): void {
    for (const hash of hashes) {
      this.#tree.push(hash)
      const claims = this.#claims.get(this.#tree.size)
      if (claims === undefined) continue
      const root = this.#tree.root()
      for (const claim of claims) this.#tell(settled(claim, root))
    }
  }
}
