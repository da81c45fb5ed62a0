/** How far others can show what the chains were: time-stamps, and cosignatures where witnesses are configured. */
import {
  checkpointsFolder,
  readCheckpoints,
} from '../../adapters/checkpoints-folder/checkpoints-folder.ts'
import type { KnownHead } from '../../gateway/ledger/head-list.ts'
import { parseNote, signersOf } from '../../gateway/ledger/note.ts'
import type { PinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import type { WitnessPolicy } from '../../gateway/ledger/witness-policy.ts'

export interface ProvenParts {
  readonly data: string
  readonly keys: PinnedKeys
  readonly registry: string
  /** By chain: index of its closure in the registry, which names its last size and root. */
  readonly closures: ReadonlyMap<string, number>
  readonly stamped: readonly KnownHead[]
  /** Witnesses that must have cosigned; absent: none are asked for. */
  readonly policy: WitnessPolicy | undefined
}

/** Sizes by chain. */
type Reach = ReadonlyMap<string, number>

/** Answers why the first so many leaves of a chain are not proven from outside. */
export function provenFrom(
  parts: ProvenParts,
): (chain: string, size: number) => string | undefined {
  const stamped = reachOf(parts.stamped)
  const { policy } = parts
  const cosigned = policy && reachOf(cosignedHeads(parts, policy))
  const covers = (reach: Reach, chain: string, size: number): boolean =>
    (reach.get(chain) ?? 0) >= size ||
    (reach.get(parts.registry) ?? 0) > (parts.closures.get(chain) ?? Infinity)
  return (chain, size) => {
    if (!covers(stamped, chain, size))
      return 'no time-stamp covers it: configure an authority (timestamps) and let the gateway run'
    if (cosigned !== undefined && !covers(cosigned, chain, size))
      return 'no checkpoint over it has the cosignatures of as many witnesses as the policy wants'
    return undefined
  }
}

function reachOf(heads: Iterable<{ readonly origin: string; readonly size: number }>): Reach {
  const reach = new Map<string, number>()
  for (const { origin, size } of heads) reach.set(origin, Math.max(size, reach.get(origin) ?? 0))
  return reach
}

function* cosignedHeads(
  { data, keys }: ProvenParts,
  policy: WitnessPolicy,
): Generator<{ origin: string; size: number }> {
  for (const { note, origin, size } of readCheckpoints(checkpointsFolder(data))) {
    const parsed = parseNote(note)
    const own = keys.forChain(origin)
    if (parsed === undefined || own === undefined) continue
    const signers = signersOf(parsed, [own, ...policy.witnesses]) ?? []
    const names = signers.filter((each) => each !== own).map(({ name }) => name)
    if (signers.includes(own) && policy.isMet(names)) yield { origin, size }
  }
}
