import { placeOf } from '../ledger/entry-bytes.ts'
import type { Commit } from '../ports/chain-journal.ts'

/**
 * Byte for byte, but that ours may lack records that were pruned since they were sent: leaves and checkpoints stay for ever. `theirs`
 * is attacker-controlled.
 */
export function isSameCommit(ours: Commit, theirs: Commit): boolean {
  if (ours.first !== theirs.first || ours.count !== theirs.count) return false
  return ours.payload.equals(theirs.payload) || isPrunedOf(ours, theirs.payload)
}

function isPrunedOf({ count, payload }: Commit, theirs: Buffer): boolean {
  let at = 0
  let from = 0
  for (let entry = 0; entry < count; entry += 1) {
    const own = placeOf(payload, at, payload.length, 'may lack its record')
    const other = placeOf(theirs, from, theirs.length, 'may lack its record')
    if (own === undefined || other === undefined) return false
    const isGone = own.record === own.recordEnd
    const begin = isGone ? own.hashedAt : at
    const otherBegin = isGone ? other.hashedAt : from
    const entryBytes = payload.subarray(begin, own.end)
    if (!entryBytes.equals(theirs.subarray(otherBegin, other.end))) return false
    at = own.end
    from = other.end
  }
  return payload.subarray(at).equals(theirs.subarray(from))
}
