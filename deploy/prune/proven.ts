/** How far others can show what the chains were: time-stamps, and cosignatures where witnesses are pinned. */
import {
  checkpointsFolder,
  readCheckpoints,
} from '../../adapters/checkpoints-folder/checkpoints-folder.ts'
import type { KnownHead } from '../../gateway/ledger/known-heads.ts'
import { parseNote, signersOf } from '../../gateway/ledger/note.ts'
import type { PinnedKeys } from '../../gateway/ledger/pinned-keys.ts'

export interface ProvenParts {
  readonly data: string
  readonly keys: PinnedKeys
  readonly registry: string
  /** By chain: index of its closure in the registry, which names its last size and root. */
  readonly closures: ReadonlyMap<string, number>
  readonly stamped: readonly KnownHead[]
  /** How many pinned witnesses must have cosigned; 0: none are asked for. */
  readonly cosignatures: number
}

/** Sizes by chain. */
type Reach = ReadonlyMap<string, number>

/** Answers why the first so many leaves of a chain are not proven from outside. */
export function provenFrom(
  parts: ProvenParts,
): (chain: string, size: number) => string | undefined {
  const stamped = reachOf(parts.stamped)
  const cosigned = parts.cosignatures > 0 ? reachOf(cosignedHeads(parts)) : undefined
  const covers = (reach: Reach, chain: string, size: number): boolean =>
    (reach.get(chain) ?? 0) >= size ||
    (reach.get(parts.registry) ?? 0) > (parts.closures.get(chain) ?? Infinity)
  return (chain, size) => {
    if (!covers(stamped, chain, size))
      return 'no time-stamp covers it: configure an authority (timestamps) and let the gateway run'
    if (cosigned !== undefined && !covers(cosigned, chain, size))
      return `no checkpoint over it has the cosignatures of ${String(parts.cosignatures)} witnesses`
    return undefined
  }
}

function reachOf(heads: Iterable<{ readonly origin: string; readonly size: number }>): Reach {
  const reach = new Map<string, number>()
  for (const { origin, size } of heads) reach.set(origin, Math.max(size, reach.get(origin) ?? 0))
  return reach
}

function* cosignedHeads({
  cosignatures,
  data,
  keys,
}: ProvenParts): Generator<{ origin: string; size: number }> {
  for (const { note, origin, size } of readCheckpoints(checkpointsFolder(data))) {
    const parsed = parseNote(note)
    const own = keys.forChain(origin)
    if (parsed === undefined || own === undefined) continue
    const signers = signersOf(parsed, [own, ...keys.witnesses]) ?? []
    if (signers.includes(own) && signers.length > cosignatures) yield { origin, size }
  }
}
