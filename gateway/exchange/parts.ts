/** What the seven steps work with; wired by deploy/wire.ts, and by the tests through the same door. */
import type { Peer, Standing } from '../../certs/peer.ts'
import type { Refusal } from '../../policies/refusal.ts'
import type { Digest, GatewayId, Instant } from '../../policies/vocabulary.ts'
import type { Chain } from '../ledger/entry.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { KeyStore } from '../ports/key-store.ts'
import type { Provider } from '../ports/provider.ts'
import type { Telemetry } from '../ports/telemetry.ts'
import type { ExchangeHistory } from '../projections/exchange-history.ts'
import type { InForce } from '../projections/in-force.ts'
import type { Repeats } from '../projections/repeats.ts'

export interface ExchangeParts {
  readonly gateway: GatewayId
  /** The documents and rules in force now; another object whenever the registry chain brings a new manifest. */
  readonly inForce: () => InForce
  /** Number of the revocation list in use. */
  readonly revocations: () => number
  readonly standing: (peer: Peer, now: Instant) => Standing
  readonly ledger: Chain
  readonly keys: KeyStore
  readonly provider: Provider
  readonly clock: Clock
  readonly chance: Chance
  readonly history: ExchangeHistory
  readonly repeats: Repeats
  /** SHA-256 of the configuration that bears on decisions. */
  readonly configuration: Digest
  /** Accept the synthetic identifiers of the demo and the tests. */
  readonly syntheticIds: boolean
  /** An exchange that ended before a decision: counted, by member and code. */
  readonly refusedEarly: (code: Refusal, peer: Peer) => void
  /** A fault of our own, for the operator's eyes; the exchange goes on to its outcome. */
  readonly report: (fault: unknown) => void
  /** `NO_TELEMETRY` where it is off. */
  readonly telemetry: Telemetry
  /** The gateway stops, and has cut the connections of those who still waited. */
  readonly hasBrokenOff: () => boolean
}
