/**
 * How a refusal is told: RFC 9457 in JSON, or XML by X-Road's Accept rule. Both carry X-Road's `type`, `message` and
 * `detail`, so that its reader and a problem-document reader are equally content (design §2).
 */
import { REFUSALS, type Refusal, type Words } from '../../policies/refusal.ts'
import type { ExchangeId } from '../../policies/vocabulary.ts'
import type { Reply } from './call.ts'

export interface Occasion {
  readonly exchange?: ExchangeId | undefined
  /** The caller's Accept, as received. */
  readonly accept?: string | undefined
  /** For 405: the methods that are registered. */
  readonly allow?: readonly string[] | undefined
  /** For 429 and 503; seconds. */
  readonly retryAfter?: number | undefined
  /** Nothing further can be read from this connection. */
  readonly close?: boolean | undefined
  /** Another status than the code's own: only for an error of the provider that is passed on. */
  readonly status?: number | undefined
  /** Further headers of the gateway's own: name, value, … */
  readonly headers?: readonly string[] | undefined
}

const RETRY_AFTER_SECONDS = 5

export function problem(code: Refusal, occasion: Occasion = {}): Reply {
  const words = REFUSALS[code]
  const status = occasion.status ?? words.status
  const xml = xmlTypeIn(occasion.accept)
  const members = membersOf(code, words, status, occasion.exchange)
  const body = xml === undefined ? JSON.stringify(members) : asXml(members)
  const type = xml === undefined ? 'application/problem+json' : `${xml};charset=utf-8`
  return {
    status,
    headers: ['Content-Type', type, 'X-Road-Error', code, ...furtherHeaders(status, occasion)],
    body: Buffer.from(body),
  }
}

/** The Accept of a request, several lines joined as RFC 9110 5.3 says; undefined when there is none. */
export function acceptIn(headers: readonly string[]): string | undefined {
  let accept: string | undefined
  for (let at = 0; at + 1 < headers.length; at += 2) {
    if (headers[at]?.toLowerCase() !== 'accept') continue
    const line = headers[at + 1] ?? ''
    accept = accept === undefined ? line : `${accept},${line}`
  }
  return accept
}

/** X-Road: the first XML entry of Accept wins and `q` is ignored; without one the answer is JSON. */
function xmlTypeIn(accept: string | undefined): 'text/xml' | 'application/xml' | undefined {
  if (accept?.includes('/') !== true) return undefined
  for (const entry of accept.split(',')) {
    const type = entry.split(';', 1)[0]?.trim().toLowerCase()
    if (type === 'text/xml' || type === 'text/*') return 'text/xml'
    if (type === 'application/xml') return 'application/xml'
  }
  return undefined
}

type Members = Readonly<Record<string, string | number>>

function membersOf(code: Refusal, words: Words, status: number, exchange?: ExchangeId): Members {
  return {
    type: code,
    title: words.title,
    titleZh: words.titleZh,
    status,
    detail: words.detail,
    message: words.title,
    ...(exchange === undefined ? {} : { instance: `urn:uuid:${exchange}` }),
  }
}

/** X-Road's `<error>` with its three elements first; the others follow them. */
function asXml(members: Members): string {
  const { type = '', message = '', detail = '', ...others } = members
  const elements = Object.entries({ type, message, detail, ...others })
  const content = elements.map(([name, value]) => `<${name}>${escaped(String(value))}</${name}>`)
  return `<?xml version="1.0" encoding="UTF-8"?>\n<error>${content.join('')}</error>\n`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function furtherHeaders(status: number, occasion: Occasion): string[] {
  const headers = ['Cache-Control', 'no-store']
  // RFC 9110 15.5.2: a 401 names how to authenticate.
  if (status === 401) headers.push('WWW-Authenticate', 'ClientCertificate')
  if (status === 405) headers.push('Allow', (occasion.allow ?? []).join(', '))
  if (status === 429 || status === 503) {
    headers.push('Retry-After', String(occasion.retryAfter ?? RETRY_AFTER_SECONDS))
  }
  if (occasion.close === true) headers.push('Connection', 'close')
  if (occasion.headers !== undefined) headers.push(...occasion.headers)
  return headers
}
