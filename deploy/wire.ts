/** The composition root: a whole gateway, built by hand. Nothing has a default that would be less safe. */
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { makeRestProvider } from '../adapters/provider-rest/rest-provider.ts'
import { findProvider, identifyPeer } from '../certs/peer-identity.ts'
import { makeExchange } from '../gateway/exchange/exchange.ts'
import type { ExchangeParts } from '../gateway/exchange/parts.ts'
import { makeExchangeListener } from '../gateway/http/exchange-listener.ts'
import { makeMetaservices } from '../gateway/http/metaservices.ts'
import type { Chain } from '../gateway/ledger/entry.ts'
import { NO_TELEMETRY } from '../gateway/ports/telemetry.ts'
import { AdmissionCounts } from '../gateway/projections/admission-counts.ts'
import { RegistryDirectory } from '../gateway/projections/directory.ts'
import type { InForce } from '../gateway/projections/in-force.ts'
import { makeReceipts } from '../gateway/exchange/receipts.ts'
import { memberOf } from '../policies/vocabulary.ts'
import { configurationDigest, type GatewayConfig } from './config.ts'
import { STOP } from './config/stop.ts'
import { openCore, type Core, type CoreOptions } from './open-core.ts'
import { Drain } from './drain.ts'
import { recordAdmission } from './record-admission.ts'

export interface RunningGateway {
  readonly url: URL
  readonly core: Core
  /** Refuses new exchanges, finishes those under way, seals the chain. */
  close(): Promise<void>
}

export async function startGateway(
  config: GatewayConfig,
  options: CoreOptions,
): Promise<RunningGateway> {
  const core = await openCore(config, options)
  const { clock } = options
  const { identity, inForce } = core
  const provider = makeRestProvider({
    tls: identity.tls,
    find: (certificate, expected) => findProvider(certificate, identity.trust, expected),
    standing: identity.standing,
    addresses: config.addresses,
    clock,
  })
  const admission = new AdmissionCounts(clock.now())
  const recording = recordAdmission(admission, core.ledger, options)
  const drain = new Drain((config.stop ?? STOP).finishWithinMs)
  const ledger = drain.guard(core.ledger)
  const parts = exchangeParts(config, core, { ...options, provider, admission, ledger })
  const listener = makeExchangeListener({
    tls: identity.tls,
    identify: (certificate) => identifyPeer(certificate, identity.trust),
    standing: identity.standing,
    exchange: drain.count(makeExchange(parts)),
    metaservices: makeMetaservices(new RegistryDirectory(inForce, () => clock.now())),
    receipts: makeReceipts(parts.history, core.reader),
    maxRequestBytes: (path) => largestRequest(path, inForce()),
    admission: { refused: (code, member) => admission.count(code, member) },
    report: reportingTo(options),
    isStopping: drain.isStopping,
    clock,
    ...(config.limits && { limits: config.limits }),
  })
  listener.listen(config.listen.port, config.listen.host)
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  return {
    url: new URL(`https://${config.listen.host}:${String(port)}`),
    core,
    async close() {
      await drain.stop(listener)
      await provider.close()
      await recording.stop()
      await core.close()
    },
  }
}

function exchangeParts(
  config: GatewayConfig,
  core: Core,
  rest: CoreOptions & {
    readonly provider: ExchangeParts['provider']
    readonly admission: AdmissionCounts
    readonly ledger: Chain
  },
): ExchangeParts {
  return {
    gateway: config.gateway,
    inForce: core.inForce,
    revocations: core.identity.revocations,
    standing: core.identity.standing,
    ledger: rest.ledger,
    keys: core.keys,
    provider: rest.provider,
    clock: rest.clock,
    chance: rest.chance,
    history: core.history,
    repeats: core.repeats,
    configuration: configurationDigest(config),
    syntheticIds: config.syntheticIds,
    refusedEarly: (code, peer) => {
      rest.admission.count(code, memberOf(peer.subsystem))
    },
    report: reportingTo(rest),
    telemetry: rest.telemetry ?? NO_TELEMETRY,
  }
}

/** Canonical spelling only; any other path gets the listener's own limit, and is refused later. */
const SERVICE_PART = /^\/r1\/([^/]+\/[^/]+\/[^/]+\/[^/]+\/[^/]+)/

function largestRequest(path: string, inForce: InForce): number | undefined {
  const [, id] = SERVICE_PART.exec(path) ?? []
  return id === undefined ? undefined : inForce.largestRequest(id)
}

function reportingTo(options: CoreOptions): (fault: unknown) => void {
  return (fault) => {
    options.report(`a fault while answering: ${describe(fault)}`)
  }
}

/** Names and messages of our own errors; what a peer sent is never part of them. */
function describe(fault: unknown): string {
  return fault instanceof Error ? `${fault.name}: ${fault.message}` : 'a thrown value'
}
