/** The composition root: a whole gateway, built by hand. Nothing has a default that would be less safe. */
import type { RequestListener } from 'node:http'
import type { Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { makeRestProvider, type RestProvider } from '../adapters/provider-rest/rest-provider.ts'
import { findProvider, identifyPeer } from '../certs/peer-identity.ts'
import { makeExchange } from '../gateway/exchange/exchange.ts'
import type { ExchangeParts } from '../gateway/exchange/parts.ts'
import { makeExchangeListener } from '../gateway/http/exchange-listener.ts'
import { makeMetaservices } from '../gateway/http/metaservices.ts'
import type { Clock } from '../gateway/ports/clock.ts'
import type { Health } from '../gateway/ports/health.ts'
import { NO_TELEMETRY } from '../gateway/ports/telemetry.ts'
import { RegistryDirectory } from '../gateway/projections/directory.ts'
import type { InForce } from '../gateway/projections/in-force.ts'
import { makeReceipts } from '../gateway/exchange/receipts.ts'
import { memberOf } from '../policies/vocabulary.ts'
import { configurationDigest, type GatewayConfig } from './config.ts'
import { STOP } from './config/stop.ts'
import { addCoreChecks } from './health-checks.ts'
import { countRefusals, observeGateway, type Observer, type Refused } from './observe-gateway.ts'
import { observeKeys } from './observe-keys.ts'
import { openAdmission } from './open-admission.ts'
import { openHealth, type OpenedHealth } from './open-health.ts'
import type { OpenedIdentity } from './open-identity.ts'
import { openCore, type Core, type CoreOptions } from './open-core.ts'
import { Drain } from './drain.ts'
import { makeReload, type Reload } from './reload.ts'
import { recordAdmission } from './record-admission.ts'

export interface GatewayOptions extends CoreOptions, Observer {
  /** Answers `GET /metrics` on the listener of health. */
  readonly metrics?: RequestListener
}

export interface RunningGateway {
  readonly url: URL
  readonly core: Core
  readonly health: OpenedHealth
  /** What SIGHUP asks for. */
  readonly reload: Reload
  /** Refuses new exchanges, finishes those under way, seals the chain. */
  close(): Promise<void>
}

export async function startGateway(
  config: GatewayConfig,
  options: GatewayOptions,
): Promise<RunningGateway> {
  const told = await openHealth(config, options)
  try {
    return await begin(config, { ...options, health: told.health }, told)
  } catch (fault) {
    await told.close()
    throw fault
  }
}

async function begin(
  config: GatewayConfig,
  options: GatewayOptions & Pick<OpenedHealth, 'health'>,
  told: OpenedHealth,
): Promise<RunningGateway> {
  const core = await openCore(config, options)
  const { clock, health } = options
  addCoreChecks(health, { clock, config, core })
  const load = openAdmission(config, options)
  const { identity, inForce } = core
  const provider = askProviders(config, identity, clock)
  const { admission, refused } = countRefusals(clock.now(), options.telemetry)
  const recording = recordAdmission(admission, core.ledger, options)
  const drain = new Drain((config.stop ?? STOP).finishWithinMs)
  const own = { provider: load.guard(provider), refused, drain }
  const parts = exchangeParts(config, core, { ...options, ...own })
  const admitted = load.admission({ refused, inForce })
  const listener = makeExchangeListener({
    tls: identity.tls,
    identify: (certificate) => identifyPeer(certificate, identity.trust),
    standing: identity.standing,
    exchange: drain.count(admitted.exchange(makeExchange(parts))),
    metaservices: makeMetaservices(new RegistryDirectory(inForce, () => clock.now())),
    admit: admitted.own,
    receipts: makeReceipts(parts.history, core.chains),
    maxRequestBytes: (path) => largestRequest(path, inForce()),
    report: reportingTo(options),
    ...{ clock, admission: { refused }, isStopping: drain.isStopping },
    ...(config.limits && { limits: config.limits }),
  })
  observeGateway(listener, options, { clock, core, health, data: config.data })
  const url = await listen(listener, config.listen, core)
  told.ready()
  return {
    url,
    core,
    health: told,
    reload: makeReload({ ...options, core, listener, provider }),
    async close() {
      told.stopping()
      await drain.stop(listener)
      await provider.close()
      load.close()
      await recording.stop()
      await core.close()
      await told.close()
    },
  }
}

function askProviders(
  { addresses }: GatewayConfig,
  { standing, tls, trust }: OpenedIdentity,
  clock: Clock,
): RestProvider {
  return makeRestProvider({
    tls,
    find: (certificate, expected) => findProvider(certificate, trust, expected),
    standing,
    addresses,
    clock,
  })
}

async function listen(
  listener: Server,
  { host, port }: GatewayConfig['listen'],
  core: Core,
): Promise<URL> {
  listener.listen(port, host)
  try {
    await once(listener, 'listening')
  } catch (fault) {
    await core.close()
    throw fault
  }
  const bound = listener.address() as AddressInfo
  return new URL(`https://${host.includes(':') ? `[${host}]` : host}:${String(bound.port)}`)
}

function exchangeParts(
  config: GatewayConfig,
  core: Core,
  rest: CoreOptions & {
    readonly health: Health
    readonly provider: ExchangeParts['provider']
    readonly refused: Refused
    readonly drain: Drain
  },
): ExchangeParts {
  return {
    gateway: config.gateway,
    inForce: core.inForce,
    revocations: core.identity.revocations,
    standing: core.identity.standing,
    ledger: rest.drain.guard(core.ledger),
    keys: observeKeys(core.keys, rest.health, rest.clock),
    provider: rest.provider,
    clock: rest.clock,
    chance: rest.chance,
    history: core.history,
    repeats: core.repeats,
    configuration: configurationDigest(config),
    syntheticIds: config.syntheticIds,
    refusedEarly: (code, peer) => {
      rest.refused(code, memberOf(peer.subsystem), 'steps')
    },
    report: reportingTo(rest),
    telemetry: rest.telemetry ?? NO_TELEMETRY,
    hasBrokenOff: rest.drain.hasBrokenOff,
  }
}

/** Canonical spelling only; any other path gets the listener's own limit, and is refused later. */
const SERVICE_PART = /^\/r1\/([^/]+\/[^/]+\/[^/]+\/[^/]+\/[^/]+)/

function largestRequest(path: string, inForce: InForce): number | undefined {
  const [, id] = SERVICE_PART.exec(path) ?? []
  return id === undefined ? undefined : inForce.largestRequest(id)
}

function reportingTo({ report, telemetry }: CoreOptions): (fault: unknown) => void {
  return (fault) => {
    if (telemetry === undefined) report(`a fault while answering: ${describe(fault)}`)
    else telemetry.tell({ kind: 'fault', fault, exchange: undefined })
  }
}

/** Names and messages of our own errors; what a peer sent is never part of them. */
function describe(fault: unknown): string {
  return fault instanceof Error ? `${fault.name}: ${fault.message}` : 'a thrown value'
}
