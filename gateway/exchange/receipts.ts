/**
 * `GET /exchange/receipts/{exchange-id}` (design §2): the receipt of an exchange again, for its parties only, with the record in full
 * and without openings, in the newest checkpoint that the witnesses have cosigned once that covers it. The provider gets the
 * intent's, the consumer the outcome's (the denial's where there was none).
 */
import type { Peer } from '../../certs/peer.ts'
import type { ExchangeId } from '../../policies/vocabulary.ts'
import { makeExtra } from '../ledger/receipt.ts'
import type { KeptLeaf, LeafReader } from '../ports/leaf-reader.ts'
import type {
  ExchangeHistory,
  LeafPlace,
  RememberedExchange,
} from '../projections/exchange-history.ts'
import type { Reply } from './call.ts'
import { problem } from './problem.ts'

export type Receipts = (exchange: ExchangeId, peer: Peer) => Promise<Reply>

/** The chains of this gateway that are open to be read: its own, and the earlier ones that a start has read. */
export interface ReadableChains {
  reader(chain: string): LeafReader | undefined
  /** The chain's newest checkpoint with all required cosignatures; undefined where there is none. */
  cosigned(chain: string): string | undefined
}

export function makeReceipts(history: ExchangeHistory, chains: ReadableChains): Receipts {
  const read = async ({ chain, index }: LeafPlace): Promise<KeptLeaf | undefined> => {
    const reader = chains.reader(chain)
    const note = chains.cosigned(chain)
    // A leaf that is newer than what was cosigned is shown in the newest checkpoint: ask again within seconds.
    const seen = note === undefined ? undefined : await reader?.read(index, note)
    return seen ?? reader?.read(index)
  }
  return async (exchange, peer) => {
    const remembered = history.of(exchange)
    const place = remembered && placeFor(peer, remembered)
    const kept = place && (await read(place))
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
function placeFor(peer: Peer, exchange: RememberedExchange): LeafPlace | undefined {
  if (peer.subsystem === exchange.consumer) return exchange.outcome ?? exchange.decision
  return peer.subsystem === exchange.provider ? exchange.decision : undefined
}
