/** Rates, places and breakers as configured, and what they tell of themselves. */
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { makeBulkheads, type GuardedProviders } from '../adapters/limits/bulkheads.ts'
import { makeRates, type SharedRates } from '../adapters/limits/rates.ts'
import { connectRedis, type RedisConnection } from '../adapters/state-redis/connect.ts'
import { makeAdmission, type Admission, type AdmissionParts } from '../gateway/http/admission.ts'
import type { Quota } from '../gateway/ports/load.ts'
import { degraded, ok, type Health, type HealthFinding } from '../gateway/ports/health.ts'
import type { Provider } from '../gateway/ports/provider.ts'
import type { Report, Telemetry } from '../gateway/ports/telemetry.ts'
import { subsystemOf, type ServiceId, type SubsystemId } from '../policies/vocabulary.ts'
import type { GatewayConfig } from './config.ts'
import { ADMISSION, type Admission as Section } from './config/admission.ts'

export interface OpenedAdmission {
  /** Who may ask, once it is known what is registered and who counts refusals. */
  admission(parts: Pick<AdmissionParts, 'inForce' | 'refused'>): Admission
  /** The same provider, whose answers open and close its breaker. */
  guard(provider: Provider): Provider
  close(): void
}

export function openAdmission(
  config: GatewayConfig,
  parts: {
    readonly health: Health
    readonly report: Report
    readonly telemetry?: Telemetry
  },
): OpenedAdmission {
  const { health, report, telemetry } = parts
  const { atOneTime, breaker, refuseAfterMs } = config.admission ?? ADMISSION
  const bulkheads = makeBulkheads({
    ...breaker,
    atOneTime: atOneTime.provider,
    ofConsumer: atOneTime.consumer,
    ofConsumerAtProvider: atOneTime.consumerAtProvider,
    providerOf: (service) => (config.addresses.has(service) ? service : subsystemOf(service)),
    onChange: (provider, state) => {
      if (telemetry !== undefined) {
        telemetry.tell({ kind: 'breaker', provider, state })
      } else
        report(
          `provider ${provider}: breaker ${state}${state === 'open' ? `; ${OPEN}` : ''}`,
          'watch',
        )
    },
  })
  const redis = connect(config.admission?.redis, report)
  const rates = ratesOf(config.admission, redis)
  health.add('providers', () => providers(bulkheads))
  if (rates !== undefined) health.add('rate limits', () => limits(rates, redis))
  return {
    admission: (around) =>
      makeAdmission({
        ...{ ...around, rates, bulkheads, refuseAfterMs },
        ...{ now: () => performance.now(), wait: pause },
      }),
    guard: (provider) => bulkheads.guard(provider),
    close: () => redis?.connection.close(),
  }
}

const OPEN = 'its consumers get 503 until it answers on trial'

interface Shared {
  readonly connection: RedisConnection
  /** As configured: where to look. */
  readonly host: string
  readonly share: number
}

function connect(settings: Section['redis'], report: Report): Shared | undefined {
  if (settings === undefined) return undefined
  const { caFile, passwordFile, share, timeoutMs, url, username } = settings
  const connection = connectRedis({
    url,
    timeoutMs,
    ...(username !== undefined && { username }),
    ...(passwordFile !== undefined && { password: textOf('passwordFile', passwordFile).trimEnd() }),
    ...(caFile !== undefined && { ca: textOf('caFile', caFile) }),
    onChange: (isThere) => {
      if (isThere) report('Redis is there again: rates are shared', 'nobody')
      else report(`Redis at ${url.host} is away: ${AWAY}`, 'watch')
    },
  })
  return { connection, host: url.host, share }
}

function textOf(member: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(
      `admission.redis.${member} can't be read (${why}): put the file there, let the gateway's user read it, or leave the member out`,
      { cause },
    )
  }
}

const AWAY = 'each gateway counts for itself, up to its share of each rate'

function ratesOf(
  settings: Section | undefined,
  redis: Shared | undefined,
): SharedRates | undefined {
  if (settings?.rates === undefined) return undefined
  const { consumers, services, ...general } = settings.rates
  const rates = {
    ...general,
    consumers: new Map(Object.entries(consumers) as [SubsystemId, Quota][]),
    services: new Map(Object.entries(services) as [ServiceId, Quota][]),
  }
  return makeRates(rates, redis && { client: redis.connection.client, share: redis.share })
}

function providers(bulkheads: GuardedProviders): HealthFinding {
  const out = bulkheads.outOfOrder()
  if (out.length === 0) return ok('each answered, or was not asked yet')
  const named = out.map(({ provider, why }) => `${provider} (${why})`).join(', ')
  return degraded(
    `not asked after failures in a row: ${named}`,
    'Tell the provider; look at its address, network and certificate. The next request tries it again.',
  )
}

function limits(rates: SharedRates, redis: Shared | undefined): HealthFinding {
  if (redis === undefined) return ok('each gateway counts for itself')
  if (rates.isShared() && redis.connection.isThere()) return ok('shared through Redis')
  return degraded(
    `Redis at ${redis.host} does not answer: ${AWAY} (${String(redis.share)})`,
    'Bring Redis back; nothing was opened wider, and the rates are shared again by themselves.',
  )
}
