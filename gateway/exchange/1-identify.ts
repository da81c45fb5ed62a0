/**
 * Step 1: certificate → subsystem; X-Road-Client must be that subsystem; which service is asked. Nothing is taken on
 * trust: a header is a claim, the certificate is what was proven.
 */
import type { ServiceRegistration } from '../../policies/service.ts'
import {
  ExchangeId,
  type Digest,
  type Instant,
  type SubsystemId,
} from '../../policies/vocabulary.ts'
import type { ExchangeTrace } from '../ports/telemetry.ts'
import type { InForce } from '../projections/in-force.ts'
import type { Call } from './call.ts'
import { ended, type Ended } from './ended.ts'
import type { ExchangeParts } from './parts.ts'
import { readHeaders, type ProtocolHeaders } from './wire/headers.ts'
import { splitTarget } from './wire/target.ts'

export interface Asked {
  readonly kind: 'asked'
  readonly call: Call
  readonly exchange: ExchangeId
  readonly at: Instant
  readonly headers: ProtocolHeaders
  /** Path after the service code: empty or `/…`. */
  readonly rest: string
  readonly service: ServiceRegistration
  readonly serviceHash: Digest
  /** X-Road-Id: the caller's, or the one made for it. */
  readonly id: string
  readonly inForce: InForce
  /** Undefined where telemetry is off. */
  readonly trace: ExchangeTrace | undefined
}

export function identify(
  call: Call,
  trace: ExchangeTrace | undefined,
  parts: ExchangeParts,
): Asked | Ended {
  const inForce = parts.inForce()
  const at = parts.clock.now()
  const standing = parts.standing(call.peer, at)
  if (standing !== 'good') return ended(standing)
  if (!inForce.knows(call.peer.subsystem)) return ended('Client.Identity.UnknownSubsystem')

  const read = readHeaders(call.headers)
  if (read.kind === 'refused') return ended(read.code)
  const { headers } = read
  if (headers.client !== call.peer.subsystem) return ended('Client.Identity.ClientMismatch')
  if (headers.securityServer !== undefined && headers.securityServer !== parts.gateway) {
    return ended('Client.Request.UnknownSecurityServer')
  }
  const target = splitTarget(call.path)
  if (target.kind === 'refused') return ended(target.code)
  const service = inForce.service(target.service)
  if (service === undefined) return ended('Client.Request.UnknownService')
  const exchange = ExchangeId.parse(parts.chance.uuid())
  return {
    kind: 'asked',
    call,
    exchange,
    at,
    headers,
    rest: target.rest,
    service: service.document,
    serviceHash: service.hash,
    id: headers.id ?? `${instanceOf(call.peer.subsystem)}-${exchange}`,
    inForce,
    trace,
  }
}

function instanceOf(subsystem: SubsystemId): string {
  return subsystem.slice(0, subsystem.indexOf('/'))
}
