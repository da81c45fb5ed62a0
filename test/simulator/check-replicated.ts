/** L8: what stands in the log server is what stands in the journals: all of it at the end, in order, and nothing else. */
import type { LeafKind } from '../../gateway/ledger/entry.ts'
import { placeOf } from '../../gateway/ledger/entry-bytes.ts'
import { parseLeaf } from '../../gateway/ledger/leaf.ts'
import type { Commit } from '../../gateway/ports/chain-journal.ts'
import { laneOf } from '../../gateway/replication/lane-of.ts'
import { decodeCommit } from '../../gateway/replication/message.ts'
import { leavesOf } from '../harness/replication.ts'
import { Broken, type Observed } from './observed.ts'
import type { SimGateway } from './sim-gateway.ts'

export function checkReplicated(gateway: SimGateway, observed: Observed): void {
  if (gateway.config.replication === undefined) return
  for (const [origin, heads] of observed.heads) {
    if (!gateway.writes(origin)) continue
    const size = Math.max(...heads.keys())
    const there = leavesOf(gateway.broker.stored(laneOf(origin, 1)), origin)
    if (there >= size) continue
    throw new Broken('L8', `${there} of ${size} leaves of ${origin} are at the log server`)
  }
}

/** The exchange's leaf of this kind is at the log server, where others read it. */
export function isStored(gateway: SimGateway, exchange: string, wanted: LeafKind): boolean {
  return gateway.chains.some(({ origin }) =>
    gateway.broker
      .stored(laneOf(origin, 1))
      .some(({ key, value }) => key === origin && holds(decodeCommit(value), exchange, wanted)),
  )
}

function holds(commit: Commit | undefined, exchange: string, wanted: LeafKind): boolean {
  if (commit === undefined) return false
  const { count, payload } = commit
  let at = 0
  for (let entry = 0; entry < count; entry += 1) {
    const place = placeOf(payload, at, payload.length)
    if (place === undefined) return false
    const leaf = payload.toString('latin1', place.hashedAt + 1, place.end)
    const record = payload.toString('utf8', place.record, place.recordEnd)
    if (parseLeaf(leaf)?.kind === wanted && record.includes(exchange)) return true
    at = place.end
  }
  return false
}
