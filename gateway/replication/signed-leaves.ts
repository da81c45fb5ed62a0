/** What a commit carries, as somebody reads it who trusts whoever sent it for nothing. */
import { placeOf } from '../ledger/entry-bytes.ts'
import { leafHash, type TreeHash } from '../ledger/hash.ts'
import type { Commit } from '../ports/chain-journal.ts'

export interface SignedLeaves {
  readonly leaves: readonly string[]
  readonly hashes: readonly TreeHash[]
  readonly note: string
}

/** Undefined where the payload is not entries and a text behind them; attacker-controlled. */
export function signedLeaves({ count, payload }: Commit): SignedLeaves | undefined {
  const leaves: string[] = []
  const hashes: TreeHash[] = []
  let at = 0
  for (let entry = 0; entry < count; entry += 1) {
    const place = placeOf(payload, at, payload.length, 'may lack its record')
    if (place === undefined) return undefined
    leaves.push(payload.toString('utf8', place.hashedAt + 1, place.end))
    hashes.push(leafHash(payload.subarray(place.hashedAt, place.end)))
    at = place.end
  }
  return { leaves, hashes, note: payload.toString('utf8', at) }
}
