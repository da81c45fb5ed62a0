/**
 * The headers that a consumer gets: an allow-list of the provider's, each in the one form that its definition gives
 * it (a header is a place to hide data in, too), then the gateway's own. A provider can't imitate the gateway: its
 * X-Road-*, Exchange-* and RateLimit never pass.
 */
import type { ExchangeId, ServiceId, SubsystemId } from '../../../policies/vocabulary.ts'
import { HOP_BY_HOP } from './hop-by-hop.ts'
import { isJsonType } from './media-type.ts'

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

const LANGUAGE = /^[a-z]{2,3}(?:-(?:Hant|Hans|Latn))?(?:-[A-Z]{2})?$/
const DIRECTIVE =
  /^(?:public|private|no-cache|no-store|no-transform|must-revalidate|proxy-revalidate|must-understand|immutable|(?:max-age|s-maxage|stale-while-revalidate|stale-if-error)=\d{1,8})$/

/**
 * Pass without registration, at most once each, in forms that have no room for a national identifier's nine digits, nor for a name.
 * (Whoever wants to can still hide a few bits in a time.)
 *
 * Not ETag and Last-Modified (RFC 9110 8.8): they describe the answer before anything was taken out of it. An ETag often is a
 * digest of it (Express's is), and from that a consumer could guess a removed field; the other tells when one changed.
 */
const BUILT_IN: ReadonlyMap<string, (value: string) => boolean> = new Map([
  ['content-type', isOurJson],
  ['content-language', (value: string) => isListOf(LANGUAGE, value, 3)],
  ['cache-control', isCacheControl],
  ['retry-after', (value: string) => /^\d{1,7}$/.test(value) || isDate(value)],
  ['date', isDate],
  ['expires', (value: string) => value === '0' || isDate(value)],
])

function isOurJson(value: string): boolean {
  return /^application\/(?:problem\+)?json(?:; ?charset="?(?:utf-8|us-ascii)"?)?$/i.test(value)
}

/** RFC 9110 5.6.7, in the form that everybody writes; a time that there is, within this century. */
function isDate(value: string): boolean {
  return /^.{12}20\d\d .{12}$/.test(value) && new Date(value).toUTCString() === value
}

function isListOf(element: RegExp, value: string, most: number): boolean {
  const elements = value.split(/, ?/)
  const names = new Set(elements.map((each) => each.split('=', 1)[0]))
  if (elements.length > most || names.size !== elements.length) return false
  return elements.every((each) => element.test(each))
}

/** Eight digits in all. */
function isCacheControl(value: string): boolean {
  return isListOf(DIRECTIVE, value, 8) && (value.match(/\d/g)?.length ?? 0) <= 8
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
        : form(value) && occurrences(lower, provider) === 1
    if (passes) list.push(name, value)
    // A name before `+json` is free text, and so is a space: what is left is that it is JSON.
    else if (lower === 'content-type' && isJsonType(value.trim().toLowerCase())) {
      list.push(name, 'application/json')
    }
  }
  return list
}

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
