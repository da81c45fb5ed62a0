/**
 * `GET /exchange/receipts/{exchange-id}` (design §2): the receipt of an exchange again, for its parties only, with the record in full
 * and without openings, in the newest checkpoint that the witnesses have cosigned once that covers it. The provider gets the
 * intent's, the consumer the outcome's (the denial's where there was none).
 */
import type { Peer } from '../../certs/peer.ts'
import type { ExchangeId } from '../../policies/vocabulary.ts'
import { makeExtra } from '../ledger/receipt.ts'
import type { KeptLeaf, LeafReader } from '../ports/leaf-reader.ts'
import type { ExchangeHistory, RememberedExchange } from '../projections/exchange-history.ts'
import type { Reply } from './call.ts'
import { problem } from './problem.ts'

export type Receipts = (exchange: ExchangeId, peer: Peer) => Promise<Reply>

/** `cosigned`: the newest checkpoint of the chain with all required cosignatures; undefined where there is none. */
export function makeReceipts(
  history: ExchangeHistory,
  reader: LeafReader,
  cosigned: () => string | undefined = () => undefined,
): Receipts {
  const withinCosigned = async (index: number): Promise<KeptLeaf | undefined> => {
    const note = cosigned()
    return note === undefined ? undefined : reader.read(index, note)
  }
  return async (exchange, peer) => {
    const remembered = history.of(exchange)
    const index = remembered && indexFor(peer, remembered)
    // A leaf that is newer than what was cosigned is shown in the newest checkpoint: ask again within seconds.
    const kept =
      index === undefined
        ? undefined
        : ((await withinCosigned(index)) ?? (await reader.read(index)))
    if (kept === undefined) return problem('Client.Request.UnknownExchange')
    const extra = makeExtra({ leaf: kept.leaf, recordText: kept.record }, Infinity)
    return {
      status: 200,
      headers: ['Content-Type', 'text/plain; charset=utf-8', 'Cache-Control', 'no-store'],
      body: Buffer.from(kept.proof(Buffer.from(extra))),
    }
  }
}

/** Undefined: not a party, which is answered as if there were no such exchange. */
function indexFor(peer: Peer, exchange: RememberedExchange): number | undefined {
  if (peer.subsystem === exchange.consumer) return exchange.outcome ?? exchange.decision
  return peer.subsystem === exchange.provider ? exchange.decision : undefined
}
