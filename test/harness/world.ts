/**
 * A whole gateway but its sockets and disks, in memory: the real documents, rules, commit loop, signatures and sealing; time,
 * chance, the ledger's failures and the providers' answers are the test's to choose.
 *
 *     const world = makeWorld()
 *     world.provider.script = () => answered({ subjectId: 'A000000018', isInsured: true })
 *     const reply = await world.exchange(enrolment())
 *     world.leaves('outcome')[0].record.outcome
 */
import type { Standing } from '../../certs/peer.ts'
import { noncesOf, type Nonces } from '../../gateway/exchange/commitment.ts'
import { makeExchange, type Exchange } from '../../gateway/exchange/exchange.ts'
import type { ExchangeParts } from '../../gateway/exchange/parts.ts'
import type { LeafKind } from '../../gateway/ledger/entry.ts'
import type { DecisionRecord, OutcomeRecord } from '../../gateway/ledger/events.ts'
import { vkeyText } from '../../gateway/ledger/note.ts'
import { parsePinnedKeys, type PinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { NO_TELEMETRY, type Telemetry } from '../../gateway/ports/telemetry.ts'
import { ExchangeHistory } from '../../gateway/projections/exchange-history.ts'
import type { InForce } from '../../gateway/projections/in-force.ts'
import { Repeats } from '../../gateway/projections/repeats.ts'
import { Digest, GatewayId } from '../../policies/vocabulary.ts'
import { headerOf } from './calls.ts'
import { ControlledChain } from './controlled-chain.ts'
import { makeInForce } from './law.ts'
import { MemoryKeyStore } from './memory-key-store.ts'
import { memoryChain } from './memory-ledger.ts'
import { ScriptedProvider, truthful } from './scripted-provider.ts'
import { SteadyChance, SteadyClock } from './steady.ts'

export const GATEWAY = 'TW/GOV/GONGDAO/gateway-1'
/** A Sunday noon in Taipei, in the middle of everything's validity. */
export const NOON = '2026-11-22T12:00:00+08:00'

export interface WorldOptions {
  readonly at?: string
  readonly seed?: string
  readonly inForce?: InForce
  /** How many Idempotency-Keys are remembered. */
  readonly mostRepeats?: number
  /** Absent: off. */
  readonly telemetry?: Telemetry
}

type RecordOf<Kind extends LeafKind> = Kind extends 'outcome'
  ? OutcomeRecord
  : Kind extends 'intent' | 'denial'
    ? DecisionRecord
    : unknown

export interface WorldLeaf<Kind extends LeafKind = LeafKind> {
  readonly index: number
  readonly kind: Kind
  /** RFC 8785 text of leaf and record, as they are durable. */
  readonly leaf: string
  readonly text: string
  readonly record: RecordOf<Kind>
}

/** What happened, in order: `asked <exchange>`, `durable <kind> <exchange>`. */
export type Happening = string

export interface World {
  readonly exchange: Exchange
  readonly parts: ExchangeParts
  readonly clock: SteadyClock
  readonly ledger: ControlledChain
  readonly keys: MemoryKeyStore
  readonly provider: ScriptedProvider
  readonly happenings: readonly Happening[]
  /** What was counted because it ended before a decision: `code subsystem`. */
  readonly refusedEarly: readonly string[]
  /** Faults of our own that were reported. */
  readonly faults: readonly unknown[]
  /** The gateway's public key as an auditor keeps it. */
  readonly pinned: PinnedKeys
  /** Free to be changed between two lines of a test. */
  inForce: InForce
  standing: Standing
  revocations: number
  leaves<Kind extends LeafKind>(kind: Kind): readonly WorldLeaf<Kind>[]
  /** What only the person's key opens. */
  details(decision: DecisionRecord): Details
}

export interface Details {
  readonly case?: string
  readonly official?: string
  readonly nonces: Nonces
}

let demo: InForce | undefined

export function makeWorld(options: WorldOptions = {}): World {
  const clock = new SteadyClock(options.at ?? NOON)
  const chance = new SteadyChance(options.seed)
  const happenings: Happening[] = []
  const refusedEarly: string[] = []
  const faults: unknown[] = []
  const memory = memoryChain(`TW/exchange/${GATEWAY}/1`)
  const ledger = new ControlledChain(memory, ({ kind, record }) => {
    const { exchange } = JSON.parse(record) as { exchange: string }
    happenings.push(`durable ${kind} ${exchange}`)
  })
  const keys = new MemoryKeyStore(new SteadyChance(`keys ${options.seed ?? ''}`), clock)
  const provider = new ScriptedProvider(truthful, ({ headers }) => {
    happenings.push(`asked ${headerOf(headers, 'Exchange-Id') ?? ''}`)
  })
  const parts: ExchangeParts = {
    gateway: GatewayId.parse(GATEWAY),
    inForce: () => world.inForce,
    revocations: () => world.revocations,
    standing: () => world.standing,
    ledger,
    keys,
    provider,
    clock,
    chance,
    history: new ExchangeHistory(1000),
    repeats: new Repeats(options.mostRepeats),
    configuration: Digest.parse('c'.repeat(43)),
    syntheticIds: true,
    refusedEarly: (code, peer) => refusedEarly.push(`${code} ${peer.subsystem}`),
    report: (fault) => faults.push(fault),
    telemetry: options.telemetry ?? NO_TELEMETRY,
    hasBrokenOff: () => false,
  }
  const vkey = vkeyText(`TW/exchange/${GATEWAY}`, memory.signer.publicKey)
  const world: World = {
    exchange: makeExchange(parts),
    parts,
    clock,
    ledger,
    keys,
    provider,
    happenings,
    refusedEarly,
    faults,
    pinned: parsePinnedKeys(vkey),
    inForce: options.inForce ?? (demo ??= makeInForce()),
    standing: 'good',
    revocations: 7,
    leaves: (kind) => leavesOf(ledger, kind),
    details: (decision) => detailsOf(keys, decision),
  }
  return world
}

function leavesOf<Kind extends LeafKind>(
  { memory }: ControlledChain,
  wanted: Kind,
): readonly WorldLeaf<Kind>[] {
  return memory.entries.flatMap(({ kind, leaf, record }, index) =>
    kind === wanted
      ? [{ index, kind: wanted, leaf, text: record, record: JSON.parse(record) as RecordOf<Kind> }]
      : [],
  )
}

function detailsOf(keys: MemoryKeyStore, { exchange, sealed, subject }: DecisionRecord): Details {
  const opened = keys.open(subject, exchange, sealed)
  if (opened === undefined) throw new Error('there is no key')
  const { seed, ...details } = JSON.parse(Buffer.from(opened).toString()) as { seed: string }
  return { ...details, nonces: noncesOf(Buffer.from(seed, 'base64url')) }
}
