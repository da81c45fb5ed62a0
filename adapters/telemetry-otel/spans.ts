/**
 * The spans of one exchange, made after it ended from the times that it left: so nothing is lost by deciding late, and refusals and
 * faults are exported whatever the share. Made by hand, since auto-instrumentation costs as much as the exchange itself.
 *
 * No attribute holds a personal datum: ids of the registry, codes, the exchange's id. The caller's `tracestate` goes to the provider
 * and is not kept here.
 */
import {
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Attributes,
  type HrTime,
  type SpanContext,
} from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { STEPS, type ExchangeEnded, type ExchangeTrace } from '../../gateway/ports/telemetry.ts'
import { methodLabel } from './labels.ts'

export const SCOPE = { name: 'gongdao' }

/** Refused, kept back or failed: exported always. */
export function isWorthASpan({ code, trace }: ExchangeEnded): boolean {
  return trace !== undefined && (trace.sampled || code !== undefined)
}

interface Making {
  readonly resource: Resource
  /** Milliseconds since 1970 at which the telemetry's clock read 0. */
  readonly epoch: number
}

/** The exchange's own span, then those of its steps. */
export function spansOf(event: ExchangeEnded, making: Making): ReadableSpan[] {
  const { began, ends, trace } = event
  if (trace === undefined) return []
  const own = contextOf(trace, trace.spanId)
  const exchange = span(making, {
    name: 'exchange',
    kind: SpanKind.SERVER,
    context: own,
    parent:
      trace.parentId === undefined
        ? undefined
        : { ...contextOf(trace, trace.parentId), isRemote: true },
    began,
    ended: ends.at(-1) ?? began,
    attributes: attributesOf(event),
    code: event.code,
  })
  const steps = ends.map((ended, at) =>
    span(making, {
      name: STEPS[at] ?? 'reply',
      kind: STEPS[at] === 'call-provider' ? SpanKind.CLIENT : SpanKind.INTERNAL,
      context: contextOf(trace, stepId(trace.spanId, at)),
      parent: own,
      began: ends[at - 1] ?? began,
      ended,
      attributes: STEPS[at] === 'call-provider' ? providerAttributes(event) : {},
      // A fault ended the step that was under way.
      code: at === ends.length - 1 && event.status === undefined ? event.code : undefined,
    }),
  )
  return [exchange, ...steps]
}

function attributesOf(event: ExchangeEnded): Attributes {
  const { code, consumer, effect, exchange, outcome, purpose, service, status } = event
  return {
    'http.request.method': methodLabel(event.method),
    'url.scheme': 'https',
    'gongdao.consumer': consumer,
    ...(status !== undefined && { 'http.response.status_code': status }),
    ...(exchange !== undefined && { 'gongdao.exchange.id': exchange }),
    ...(service !== undefined && { 'gongdao.service': service }),
    ...(purpose !== undefined && { 'gongdao.purpose': purpose }),
    ...(effect !== undefined && { 'gongdao.verdict': effect }),
    ...(outcome !== undefined && { 'gongdao.outcome': outcome }),
    ...(code !== undefined && { 'gongdao.code': code }),
    ...(isOurs(code) && { 'error.type': code }),
  }
}

function providerAttributes({ method, provider }: ExchangeEnded): Attributes {
  const attributes = { 'http.request.method': methodLabel(method) }
  if (provider === undefined) return attributes
  return typeof provider === 'number'
    ? { ...attributes, 'http.response.status_code': provider }
    : { ...attributes, 'error.type': provider }
}

/** A refusal by law or form is no error of the server (semantic conventions for HTTP, "Status"). */
function isOurs(code: string | undefined): code is string {
  return code?.startsWith('Server.') === true
}

function contextOf({ traceId }: ExchangeTrace, spanId: string): SpanContext {
  return { traceId, spanId, traceFlags: TraceFlags.SAMPLED }
}

/** Eight bits of the exchange's random id are changed: ids of its steps need no chance of their own. */
function stepId(spanId: string, at: number): string {
  const last = Number.parseInt(spanId.slice(14), 16) ^ (at + 1)
  return spanId.slice(0, 14) + last.toString(16).padStart(2, '0')
}

interface SpanParts {
  readonly name: string
  readonly kind: SpanKind
  readonly context: SpanContext
  readonly parent: SpanContext | undefined
  readonly began: number
  readonly ended: number
  readonly attributes: Attributes
  readonly code: string | undefined
}

function span({ epoch, resource }: Making, parts: SpanParts): ReadableSpan {
  const { began, context, ended, parent } = parts
  return {
    name: parts.name,
    kind: parts.kind,
    spanContext: () => context,
    ...(parent && { parentSpanContext: parent }),
    startTime: hrTime(epoch + began),
    endTime: hrTime(epoch + ended),
    duration: hrTime(ended - began),
    status: isOurs(parts.code)
      ? { code: SpanStatusCode.ERROR, message: parts.code }
      : { code: SpanStatusCode.UNSET },
    attributes: parts.attributes,
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  }
}

/** Seconds and nanoseconds. */
export function hrTime(milliseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / 1000)
  return [seconds, Math.round((milliseconds - seconds * 1000) * 1e6)]
}
