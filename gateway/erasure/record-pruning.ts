/**
 * Records whose time is over are taken away (`deploy/prune/`): first the leaves that say so, by an order of two officers. Nothing of a
 * chain is taken away before its leaf is durable.
 */
import { canonicalJson } from '../../policies/canonical-json.ts'
import type { Digest, GatewayId } from '../../policies/vocabulary.ts'
import type { PrunedRecord } from '../ledger/duty-events.ts'
import type { RegistryView } from '../projections/registry-view.ts'
import { admit } from './admit.ts'
import type { Admitted, Refusal } from './admit.ts'
import { refusal } from './parts.ts'
import type { DutyParts, Order } from './parts.ts'

/** What would go, as `planPruning` has found. */
export interface PruningPlan {
  /** SHA-256 of the archive's newest manifest. */
  readonly archive: Digest
  readonly chains: readonly { readonly chain: string; readonly size: number }[]
}

export interface PruningRecorded {
  readonly kind: 'pruning-recorded'
  /** Of so many chains; 0: it was on record already, and may go on. */
  readonly chains: number
}

type View = Pick<RegistryView, 'closures' | 'geneses' | 'upkeep'>

export async function recordPruning(
  order: Order,
  { archive, chains }: PruningPlan,
  parts: DutyParts & { readonly view: View },
): Promise<PruningRecorded | Refusal> {
  const { view } = parts
  const due = chains.filter(({ chain, size }) => size > (view.upkeep.pruned.get(chain) ?? 0))
  if (due.length === 0) return { kind: 'pruning-recorded', chains: 0 }
  const needed = due.map((each) => stillNeeded(parts.gateway, each, view))
  const [why] = needed.filter((each) => each !== undefined)
  if (why !== undefined) return refusal('chain-needed', why)
  if ((order.statement.before ?? Infinity) > parts.clock.now()) {
    return refusal('before-future', 'nobody knows what must be kept on a day in the future')
  }
  const admitted = await admit(order, parts)
  if (admitted.kind === 'refused') return admitted
  const records = due.map(({ chain, size }) => recordOf(admitted, { archive, chain, size }, parts))
  await parts.append(records.map((record) => ({ kind: 'pruned', record: canonicalJson(record) })))
  parts.onStep('recorded')
  return { kind: 'pruning-recorded', chains: due.length }
}

/**
 * A gateway's chains that have ended and that it reads no more, oldest first: neither its newest, which its next start reads, nor the one
 * before, whose end a running gateway still answers for.
 */
export function chainsOver(
  gateway: GatewayId,
  { closures, geneses }: Pick<View, 'closures' | 'geneses'>,
): readonly string[] {
  const own = geneses.filter(({ record }) => record.gateway === gateway)
  const chains = own.slice(0, -2).map(({ record }) => record.chain)
  return chains.filter((chain) => closures.has(chain))
}

/** Why so many leaves of a chain may not be pruned, whoever orders it. */
export function stillNeeded(
  gateway: GatewayId,
  { chain, size }: Pick<PrunedRecord, 'chain' | 'size'>,
  view: Pick<View, 'closures' | 'geneses'>,
): string | undefined {
  if (!chainsOver(gateway, view).includes(chain)) return `${chain} has not ended, or is needed yet`
  const end = view.closures.get(chain)?.size ?? 0
  return size > end ? `${chain} ended with ${String(end)} leaves` : undefined
}

function recordOf(
  { approvals, gateway, officers, statement }: Admitted,
  what: Pick<PrunedRecord, 'archive' | 'chain' | 'size'>,
  { clock }: Pick<DutyParts, 'clock'>,
): PrunedRecord {
  return { approvals, at: clock.now(), gateway, officers, statement, ...what, v: 1 }
}
