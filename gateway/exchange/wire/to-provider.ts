/**
 * The headers that a provider gets: those of the protocol and nothing else. What a caller sends beyond them
 * (Authorization, Cookie, a made-up Exchange-… header) stays here.
 */
import type {
  AgreementId,
  BasisCode,
  ExchangeId,
  FieldName,
  PurposeCode,
  ServiceId,
} from '../../../policies/vocabulary.ts'
import type { ExchangeTrace } from '../../ports/telemetry.ts'
import type { ProtocolHeaders } from './headers.ts'
import { traceparent } from './trace-context.ts'

export interface ForwardedRequest {
  readonly headers: ProtocolHeaders
  readonly service: ServiceId
  /** X-Road-Id: the caller's, or the one that was made for it. */
  readonly id: string
  readonly requestId: string
  readonly exchange: ExchangeId
  readonly agreement: AgreementId
  readonly fields: readonly FieldName[]
  readonly purpose?: PurposeCode | undefined
  /** The basis of the provider's side. */
  readonly basis?: BasisCode | undefined
  /** The intent's receipt, base64 (design §2). */
  readonly receipt?: string | undefined
  /** Our own span, and what the caller's tracing system keeps for itself. */
  readonly trace?: ExchangeTrace | undefined
}

/** Name, value, name, value, … */
export function forwardHeaders(request: ForwardedRequest): string[] {
  const { headers } = request
  const list = [
    'X-Road-Client',
    headers.client,
    'X-Road-Service',
    request.service,
    'X-Road-Id',
    request.id,
    'X-Road-Request-Id',
    request.requestId,
    'Exchange-Id',
    request.exchange,
    'Exchange-Agreement',
    request.agreement,
    'Exchange-Fields',
    request.fields.join(','),
  ]
  add(list, 'Content-Type', headers.contentType)
  add(list, 'Accept', headers.accept)
  add(list, 'X-Road-UserId', headers.userId)
  add(list, 'X-Road-Issue', headers.issue)
  add(list, 'X-Road-Represented-Party', withoutInstance(headers.representedParty))
  add(list, 'Exchange-Purpose', request.purpose)
  add(list, 'Exchange-Basis', request.basis)
  add(list, 'Exchange-Receipt', request.receipt)
  addTrace(list, request.trace)
  return list
}

/** In our own spelling, whatever came in (W3C Trace Context 3.2.1: names in lower case). */
function addTrace(list: string[], trace: ExchangeTrace | undefined): void {
  if (trace === undefined) return
  list.push('traceparent', traceparent(trace))
  add(list, 'tracestate', trace.state)
}

function add(list: string[], name: string, value: string | undefined): void {
  if (value !== undefined) list.push(name, value)
}

function withoutInstance(member: string | undefined): string | undefined {
  return member?.slice(member.indexOf('/') + 1)
}
