/**
 * Everything of a gateway but its sockets, opened in the order of design §4, but that the rules are gated
 * before a manifest names them: lock the folder; registry; documents and rules; close
 * the predecessor; genesis; leaf 0. A part that can't be opened stops the start, and what was opened before it is closed again.
 */
import { chainFolder, ledgerFolder } from '../adapters/ledger-journal/folders.ts'
import { openKeyStore, type OpenedKeyStore } from '../adapters/key-store-sqlite/key-store-sqlite.ts'
import { lockFolder } from '../adapters/ledger-journal/lock.ts'
import { existsSync } from 'node:fs'
import type { OpenIntents } from '../gateway/exchange/recover-outcomes.ts'
import type { ReadableChains } from '../gateway/exchange/receipts.ts'
import type { Backlog, LedgerFault } from '../gateway/ledger/chain.ts'
import type { Chain } from '../gateway/ledger/entry.ts'
import type { DecisionRecord, OutcomeRecord, SealRecord } from '../gateway/ledger/events.ts'
import { ed25519Signer, type LogSigner } from '../gateway/ledger/signer.ts'
import type { Chance, Clock } from '../gateway/ports/clock.ts'
import type { KeyStore } from '../gateway/ports/key-store.ts'
import type { Report, Telemetry } from '../gateway/ports/telemetry.ts'
import { ExchangeHistory } from '../gateway/projections/exchange-history.ts'
import type { InForce } from '../gateway/projections/in-force.ts'
import type { Replication } from '../gateway/replication/replication.ts'
import { Repeats } from '../gateway/projections/repeats.ts'
import { memberOf, subsystemOf } from '../policies/vocabulary.ts'
import { foldersOf, type GatewayConfig } from './config.ts'
import { HighWater } from './high-water.ts'
import { logKey } from './log-keys.ts'
import { openAnchoring, type OpenedAnchoring } from './open-anchoring.ts'
import { finishErasures, openDuties } from './open-duties.ts'
import { openExchangeChain, type OpenedExchangeChain, type Visit } from './open-exchange-chain.ts'
import { openIdentity, type OpenedIdentity } from './open-identity.ts'
import type { OpenedLaw } from './open-law.ts'
import { renewableKafkaOf, type RenewableKafka } from './kafka-of.ts'
import { openReplication } from './open-replication.ts'
import { openWitnessing, type OpenedWitnessing } from './open-witnessing.ts'
import { pinKeys } from './pin-keys.ts'
import { openLawAndDoor, registryKey, registryOf, type Following } from './registry-of.ts'
import { resolveOpenIntents, type Resolving } from './resolve-open-intents.ts'

export interface CoreOptions {
  readonly clock: Clock
  readonly chance: Chance
  readonly report: Report
  /** The journal failed: the process must end, and recover by reading. */
  readonly onFatal: (fault: LedgerFault) => void
  readonly onGateProgress: (done: number, of: number) => void
  /** Absent: off. */
  readonly telemetry?: Telemetry
}

export interface Core {
  readonly identity: OpenedIdentity
  readonly inForce: () => InForce
  readonly law: OpenedLaw
  readonly ledger: Chain
  /** Why the ledger would refuse an exchange now; undefined where it would not. */
  readonly refusal: () => Error | undefined
  /** What waits for the journal. */
  readonly backlog: () => Backlog
  readonly registry: Chain
  /** Where other gateways open their chains; undefined: nowhere. */
  readonly registrar: URL | undefined
  /** Undefined: this process writes the registry. */
  readonly following: Following | undefined
  readonly keys: KeyStore
  readonly repeats: Repeats
  readonly history: ExchangeHistory
  /** For receipts that are asked for again. */
  readonly chains: ReadableChains
  /** How far time-stamps reach; undefined where none are configured. */
  readonly anchors: OpenedAnchoring['status']
  /** Undefined where the ledger stands in its folder only. */
  readonly replication: Replication | undefined
  /** Read again, where the ledger stands on Kafka. */
  readonly kafka: RenewableKafka | undefined
  /** Published checkpoints, and who cosigned them. */
  readonly witnessing: OpenedWitnessing
  /** Seals the chain, if every intent has its outcome, and closes everything. */
  close(): Promise<void>
}

export async function openCore(config: GatewayConfig, options: CoreOptions): Promise<Core> {
  const opened: (() => Promise<void> | void)[] = []
  const lock = await lockFolder(ledgerFolder(config.data))
  opened.push(() => lock.release())
  try {
    return await openUnderLock(config, options, opened)
  } catch (fault) {
    for (const close of opened.toReversed()) await close()
    throw fault
  }
}

async function openUnderLock(
  config: GatewayConfig,
  options: CoreOptions,
  opened: (() => Promise<void> | void)[],
): Promise<Core> {
  const { clock, onFatal, report } = options
  const identity = openIdentity(config, report)
  const records = await openRecords(config, identity, options, opened)
  const { host, kafka, keys, mark, registry, replication, signers } = records
  const witnessing = await openWitnessing(config, options)
  opened.push(() => witnessing.stop())
  replication?.mirror(witnessing.store)
  witnessing.add(registry.chain.origin, registry.archive)
  const { law, ...registrars } = await openLawAndDoor(config, identity, {
    ...options,
    registry,
    opened,
  })
  const { history, repeats, visit } = remembering(config)
  const { revocations } = identity
  const told = { clock, onFatal, telemetry: options.telemetry }
  const own = { ...told, signer: signers.gateway, revocations, visit, witnessing, replication }
  const { archives, chain, open } = await openExchangeChain(config, registry, own)
  opened.push(() => chain.close())
  await mark.keep(() => [registry.chain.head(), chain.head()], report)
  const closeDuties = await openDuties({ ...host, ledger: chain, ...identity })
  opened.push(closeDuties)
  const anchoring = await openAnchoring(config, { ...options, registry, chain })
  opened.push(() => anchoring.stop())
  const resolving = resolve(open, chain, { ...options, history })
  return {
    identity,
    inForce: law.inForce,
    law,
    ledger: witnessing.guard(replication?.guard(chain) ?? chain),
    refusal: () => chain.refusal() ?? replication?.refusal() ?? witnessing.refusal(),
    backlog: () => chain.backlog(),
    registry: registry.chain,
    ...registrars,
    keys,
    repeats,
    history,
    chains: readable(archives, witnessing),
    anchors: anchoring.status,
    replication: replication?.replication,
    kafka,
    witnessing,
    close: () => closeInOrder({ closeDuties, resolving, chain, clock, opened }),
  }
}

function readable(archives: OpenedExchangeChain['archives'], witnessing: OpenedWitnessing) {
  return {
    reader: (origin: string) => archives.get(origin),
    cosigned: (origin: string) => witnessing.cosigned(origin),
  }
}

function resolve(
  open: OpenIntents,
  chain: Chain,
  { history, ...options }: CoreOptions & { readonly history: ExchangeHistory },
): Resolving {
  return resolveOpenIntents(open.all(), chain, {
    ...options,
    onResolved: (exchange, index) => {
      history.ended(exchange, 'unknown', { chain: chain.origin, index })
    },
  })
}

async function closeInOrder(parts: {
  readonly closeDuties: () => Promise<void>
  readonly resolving: Resolving
  readonly chain: Chain
  readonly clock: Clock
  readonly opened: readonly (() => Promise<void> | void)[]
}): Promise<void> {
  // Nothing of an order may stand behind the seal.
  await parts.closeDuties()
  const left = await parts.resolving.stop()
  if (left === 0) await seal(parts.chain, parts.clock)
  for (const close of parts.opened.toReversed()) await close()
}

/** Keys and registry; what a crash left of an erasure is finished before anything else is recorded. */
async function openRecords(
  config: GatewayConfig,
  identity: OpenedIdentity,
  options: CoreOptions,
  opened: (() => Promise<void> | void)[],
) {
  const mark = new HighWater(config)
  mark.check()
  opened.push(() => mark.stop())
  // At the very first start only: later a key that is missing is a loss, not a beginning.
  const isNew = !existsSync(chainFolder(config.data, `${config.instance}/registry`))
  // All keys are there before the registry begins: whatever stops the first start after that, they are not missed at the next.
  const { keys, signers } = openKeys(config, isNew, options)
  opened.push(() => keys.close())
  const signer = signers.registrar
  const kafka = config.replication && renewableKafkaOf(config.replication, config.gateway)
  const transport = kafka && { logTransport: kafka.transport }
  const replication = await openReplication(config, { ...options, ...transport, signers })
  if (replication !== undefined) opened.push(() => replication.close())
  const parts = { ...options, signer, replication }
  const registry = await registryOf(config, identity, parts)
  opened.push(() => registry.chain.close())
  mark.checkGrowth(registry.chain.origin, registry.archive)
  const { data, gateway, instance } = config
  const mostBackupDays = config.keys?.backupDays
  const own = { data, gateway, instance, registry, keys, mostBackupDays }
  const host = { ...options, ...own, clock: registry.clock }
  await finishErasures(host)
  return { host, kafka, keys, mark, registry, replication, signers }
}

function openKeys(
  config: GatewayConfig,
  isNew: boolean,
  { chance, clock }: CoreOptions,
): { readonly keys: OpenedKeyStore; readonly signers: Record<'registrar' | 'gateway', LogSigner> } {
  const folder = foldersOf(config.data).keys
  const registrar = ed25519Signer(logKey(`${folder}/registrar-log.key`, isNew))
  const gateway = ed25519Signer(logKey(`${folder}/gateway-log.key`, isNew))
  const registryVkey = registryKey(config, registrar.publicKey)
  pinKeys(config, { registrar: registryVkey, gateway: gateway.publicKey })
  const expect = isNew ? 'may-be-new' : 'existing'
  const keys = openKeyStore({ file: `${folder}/keys.sqlite`, expect, chance, clock })
  return { keys, signers: { registrar, gateway } }
}

/** Of the earlier chains that are read: what became of an exchange, for its parties and for who repeats a call. */
function remembering({ rememberedExchanges }: GatewayConfig): {
  readonly history: ExchangeHistory
  readonly repeats: Repeats
  readonly visit: Visit
} {
  const repeats = new Repeats()
  const history = new ExchangeHistory(rememberedExchanges)
  const visit: Visit = (place, kind, record) => {
    if (kind === 'intent' || kind === 'denial') {
      const { exchange, question, repeat } = record as DecisionRecord
      const { at, consumer, service } = question
      const state = kind === 'intent' ? 'asked' : 'denied'
      history.began(exchange, { consumer, provider: subsystemOf(service), decision: place, state })
      if (repeat !== undefined) {
        repeats.take(repeat, { member: memberOf(consumer), exchange, at })
      }
    }
    if (kind === 'outcome') {
      const { exchange, outcome } = record as OutcomeRecord
      history.ended(exchange, outcome, place)
    }
  }
  return { history, repeats, visit }
}

async function seal(chain: Chain, clock: Clock): Promise<void> {
  const record: SealRecord = { at: clock.now(), v: 1 }
  await chain.append({ kind: 'seal', record: JSON.stringify(record), finishes: true })
}
