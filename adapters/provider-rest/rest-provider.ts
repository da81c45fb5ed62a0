/**
 * Asks departments' REST services over pooled mutual TLS (undici), each request once. Keeps the contract of
 * gateway/ports/provider.ts: no retry, no redirect, no decompression, one deadline for everything.
 */
import type { Dispatcher } from 'undici'
import type { Provider, ProviderAnswer, ProviderRequest } from '../../gateway/ports/provider.ts'
import type { ServiceId, SubsystemId } from '../../policies/vocabulary.ts'
import { Asking } from './asking.ts'
import { type Connections, ProviderPool } from './provider-pool.ts'

export interface RestProviderParts extends Connections {
  /** Base URLs (https); a service's own entry comes before its subsystem's. */
  readonly addresses: ReadonlyMap<ServiceId | SubsystemId, URL>
}

export interface RestProvider extends Provider {
  /** Connects with another certificate from now on; what is under way ends on the connections that it has. */
  renew(tls: Connections['tls']): void
  /** Ends every connection; requests that are under way are answered as broken. */
  close(): Promise<void>
}

export function makeRestProvider(parts: RestProviderParts): RestProvider {
  const pools = new Map<string, ProviderPool>()
  let { tls } = parts

  function poolFor(subsystem: SubsystemId, address: URL): ProviderPool {
    const key = `${subsystem} ${address.origin}`
    let pool = pools.get(key)
    if (pool === undefined) {
      pool = new ProviderPool(subsystem, address.origin, { ...parts, tls })
      pools.set(key, pool)
    }
    return pool
  }

  return {
    async ask(request) {
      const address = parts.addresses.get(request.service) ?? parts.addresses.get(request.subsystem)
      if (address === undefined) return { kind: 'not-sent', why: 'unreachable' }
      if (request.signal.aborted) return { kind: 'not-sent', why: 'aborted' }
      const pool = poolFor(request.subsystem, address)
      if (!pool.hasRoom()) return { kind: 'not-sent', why: 'unreachable' }
      return send(request, address, pool)
    },

    renew(renewed) {
      tls = renewed
      for (const pool of pools.values()) pool.retire()
      pools.clear()
    },

    async close() {
      const open = [...pools.values()]
      pools.clear()
      await Promise.all(open.map((pool) => pool.close()))
    },
  }
}

function send(request: ProviderRequest, address: URL, pool: ProviderPool): Promise<ProviderAnswer> {
  return new Promise((resolve, reject) => {
    const asking = new Asking(request, { resolve, reject, left: pool.enter() })
    pool.current().dispatch(optionsOf(request, address), asking)
  })
}

function optionsOf(request: ProviderRequest, address: URL): Dispatcher.DispatchOptions {
  return {
    method: request.method,
    path: pathOf(address, request.pathAndQuery),
    // A compressed answer could not be minimised; whoever compresses all the same is refused by the exchange.
    headers: [...request.headers, 'Accept-Encoding', 'identity'],
    body: request.body ?? null,
    // The one deadline is Asking's: these two only see silence, not one byte a second.
    headersTimeout: 0,
    bodyTimeout: 0,
  }
}

/** X-Road: the service path is appended to the base URL, one slash between them. */
function pathOf(address: URL, pathAndQuery: string): string {
  const base = address.pathname.replace(/\/$/, '')
  return base === '' && !pathAndQuery.startsWith('/')
    ? `/${pathAndQuery}`
    : `${base}${pathAndQuery}`
}
