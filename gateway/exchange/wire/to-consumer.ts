/**
 * The headers that a consumer gets: an allow-list of the provider's, each in the one form that its definition gives
 * it (a header is a place to hide data in, too), then the gateway's own. A provider can't imitate the gateway: its
 * X-Road-*, Exchange-* and RateLimit never pass.
 */
import type { ExchangeId, ServiceId, SubsystemId } from '../../../policies/vocabulary.ts'
import { HOP_BY_HOP } from './hop-by-hop.ts'

/** The receipt comes last, once the outcome is durable: it is not part of this. */
export interface AnsweredExchange {
  readonly client: SubsystemId
  readonly service: ServiceId
  readonly id: string
  readonly requestId: string
  readonly requestHash: string
  readonly exchange: ExchangeId
}

/** What the gateway says on every reply to a decided exchange, refusals included. */
export function gatewayHeaders(exchange: AnsweredExchange): string[] {
  return [
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
}

const DATE = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \\d\\d [A-Z][a-z]{2} \\d{4} \\d\\d:\\d\\d:\\d\\d GMT'
const LANGUAGE = '[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-[A-Z]{2})?'
const DIRECTIVE =
  'public|private|no-cache|no-store|no-transform|must-revalidate|proxy-revalidate|must-understand|immutable|' +
  '(?:max-age|s-maxage|stale-while-revalidate|stale-if-error)=\\d{1,8}'

/**
 * Pass without registration, at most once each. No number is long enough for a national identifier's nine digits.
 *
 * Not ETag and Last-Modified (RFC 9110 8.8): they describe the answer before anything was taken out of it. An ETag often is a
 * digest of it (Express's is), and from that a consumer could guess a removed field; the other tells when one changed.
 */
const BUILT_IN: ReadonlyMap<string, RegExp> = new Map([
  ['content-type', /^application\/(?:problem\+)?json(?:; ?charset="?(?:utf-8|us-ascii)"?)?$/i],
  ['content-language', listOf(LANGUAGE)],
  ['cache-control', listOf(DIRECTIVE)],
  ['retry-after', new RegExp(`^(?:\\d{1,7}|${DATE})$`)],
  ['date', new RegExp(`^${DATE}$`)],
  ['expires', new RegExp(`^(?:0|${DATE})$`)],
])

function listOf(element: string): RegExp {
  return new RegExp(`^(?:${element})(?:, ?(?:${element})){0,7}$`)
}

/** `provider` as received (name, value, …); `registered` = the endpoint's `responseHeaders`, lower case. */
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
    // The name before `+json` is free text: what is left of it is that it is JSON.
    else if (lower === 'content-type' && SOME_JSON.test(value)) list.push(name, 'application/json')
  }
  return list
}

const SOME_JSON = /^application\/[\w.-]+\+json\b/i

function isRegistered(lower: string, registered: readonly string[]): boolean {
  return registered.includes(lower) && !isGatewayOwn(lower) && !HOP_BY_HOP.has(lower)
}

/** `content-encoding` belongs to the body, which is refused or rebuilt before a reply is made. */
function isGatewayOwn(lower: string): boolean {
  return GATEWAY_OWN.test(lower)
}

const GATEWAY_OWN = /^(?:x-road-.*|exchange-.*|ratelimit(?:-policy)?|content-encoding)$/

function occurrences(lower: string, headers: readonly string[]): number {
  let count = 0
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at]?.toLowerCase() === lower) count += 1
  }
  return count
}
