/** Places for consumers and providers, and the providers' breakers. A key is made when it is first needed; none is a request's text. */
import { bulkhead, type BulkheadPolicy } from 'cockatiel'
import type { Bulkheads, Busy } from '../../gateway/ports/load.ts'
import type { Provider } from '../../gateway/ports/provider.ts'
import type { ServiceId, SubsystemId } from '../../policies/vocabulary.ts'
import { ProviderGuard, type BreakerState, type ProviderLimits } from './provider-guard.ts'

export interface BulkheadSettings extends ProviderLimits {
  /** Exchanges of one consumer at one time. */
  readonly ofConsumer: number
  /** Exchanges of one consumer with one provider at one time. */
  readonly ofConsumerAtProvider: number
  /** A service with an address of its own is a provider of its own. */
  readonly providerOf: (service: ServiceId) => ServiceId | SubsystemId
  readonly onChange: (provider: ServiceId | SubsystemId, state: BreakerState) => void
}

export interface GuardedProviders extends Bulkheads {
  /** The same provider, whose answers open and close its breaker. */
  guard(provider: Provider): Provider
  /** Those that are not asked now, and how the last asking failed. */
  outOfOrder(): readonly { readonly provider: string; readonly why: string }[]
}

export function makeBulkheads(settings: BulkheadSettings): GuardedProviders {
  const guards = new Map<ServiceId | SubsystemId, ProviderGuard>()
  const consumers = new Map<string, BulkheadPolicy>()

  function guardOf(service: ServiceId): ProviderGuard {
    const provider = settings.providerOf(service)
    let guard = guards.get(provider)
    if (guard === undefined) {
      guard = new ProviderGuard(settings, (state) => {
        settings.onChange(provider, state)
      })
      guards.set(provider, guard)
    }
    return guard
  }

  function places(name: string, atOneTime: number): BulkheadPolicy {
    let found = consumers.get(name)
    if (found === undefined) {
      found = bulkhead(atOneTime)
      consumers.set(name, found)
    }
    return found
  }

  return {
    run(consumer, service, work) {
      const own = places(consumer, settings.ofConsumer)
      if (own.executionSlots === 0) return BUSY
      if (service === undefined) return own.execute(work)
      const name = `${consumer} ${settings.providerOf(service)}`
      const there = places(name, settings.ofConsumerAtProvider)
      if (there.executionSlots === 0) return BUSY
      // Each is entered at once, in this turn: what was free above still is.
      return guardOf(service).run(() => own.execute(() => there.execute(work)))
    },
    guard: (provider) => ({ ask: (request) => guardOf(request.service).ask(provider, request) }),
    outOfOrder: () =>
      [...guards]
        .filter(([, { state }]) => state !== 'closed')
        .map(([provider, { lastFailure }]) => ({ provider, why: lastFailure })),
  }
}

const BUSY: Busy = { kind: 'busy', code: 'Server.Load.Busy', retryAfterMs: 1000 }
