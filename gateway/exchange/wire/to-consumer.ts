/**
 * The headers that a consumer gets: an allow-list of the provider's, each in the one form that its definition gives
 * it (a header is a place to hide data in, too), then the gateway's own. A provider can't imitate the gateway: its
 * X-Road-* and Exchange-* never pass.
 */
import type { ExchangeId, ServiceId, SubsystemId } from '../../../policies/vocabulary.ts'
import { HOP_BY_HOP } from './hop-by-hop.ts'

export interface AnsweredExchange {
  readonly client: SubsystemId
  readonly service: ServiceId
  readonly id: string
  readonly requestId: string
  readonly requestHash: string
  readonly exchange: ExchangeId
  /** The outcome's receipt, base64. */
  readonly receipt?: string | undefined
}

/** `provider` as received (name, value, …); `registered` = the endpoint's `responseHeaders`, lower case. */
export function replyHeaders(
  provider: readonly string[],
  registered: readonly string[],
  exchange: AnsweredExchange,
): string[] {
  const list = passedHeaders(provider, registered)
  list.push(...gatewayHeaders(exchange))
  return list
}

/** What the gateway says on every reply to a decided exchange, refusals included. */
export function gatewayHeaders(exchange: AnsweredExchange): string[] {
  const list = [
    'X-Road-Client',
    exchange.client,
    'X-Road-Service',
    exchange.service,
    'X-Road-Id',
    exchange.id,
    'X-Road-Request-Id',
    exchange.requestId,
    'X-Road-Request-Hash',
    exchange.requestHash,
    'Exchange-Id',
    exchange.exchange,
  ]
  if (exchange.receipt !== undefined) list.push('Exchange-Receipt', exchange.receipt)
  return list
}

const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/

/** Pass without registration, at most once each. */
const BUILT_IN: ReadonlyMap<string, RegExp> = new Map([
  ['content-type', /^[\w.+-]{1,64}\/[\w.+-]{1,64}(?:; ?charset="?[\w-]{1,20}"?)?$/],
  [
    'content-language',
    /^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}(?:, ?[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}){0,3}$/,
  ],
  ['cache-control', /^[a-z-]{1,24}(?:=\d{1,9})?(?:, ?[a-z-]{1,24}(?:=\d{1,9})?){0,7}$/],
  ['etag', /^(?:W\/)?"[!#-~]{0,64}"$/],
  ['retry-after', /^(?:\d{1,9}|[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT)$/],
  ['date', HTTP_DATE],
  ['expires', /^(?:0|[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT)$/],
  ['last-modified', HTTP_DATE],
])

export function passedHeaders(
  provider: readonly string[],
  registered: readonly string[],
): string[] {
  const list: string[] = []
  for (let at = 0; at + 1 < provider.length; at += 2) {
    const name = provider[at] ?? ''
    const value = provider[at + 1] ?? ''
    const lower = name.toLowerCase()
    const form = BUILT_IN.get(lower)
    const passes =
      form === undefined
        ? isRegistered(lower, registered) && /^[\t -~\u0080-\u00ff]*$/.test(value)
        : form.test(value) && occurrences(lower, provider) === 1
    if (passes) list.push(name, value)
  }
  return list
}

function isRegistered(lower: string, registered: readonly string[]): boolean {
  return registered.includes(lower) && !isGatewayOwn(lower) && !HOP_BY_HOP.has(lower)
}

/** `content-encoding` belongs to the body, which is refused or rebuilt before a reply is made. */
function isGatewayOwn(lower: string): boolean {
  return (
    lower.startsWith('x-road-') || lower.startsWith('exchange-') || lower === 'content-encoding'
  )
}

function occurrences(lower: string, headers: readonly string[]): number {
  let count = 0
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at]?.toLowerCase() === lower) count += 1
  }
  return count
}
