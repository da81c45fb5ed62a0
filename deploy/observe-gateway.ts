/** Where the running gateway meets its telemetry; without it everything here is what it was. */
import type { Server } from 'node:https'
import { tellRequests } from '../gateway/http/tell-requests.ts'
import type { Gauges, RefusedEarly, Telemetry } from '../gateway/ports/telemetry.ts'
import { AdmissionCounts } from '../gateway/projections/admission-counts.ts'
import type { Refusal } from '../policies/refusal.ts'
import type { Instant, MemberId } from '../policies/vocabulary.ts'
import { coreGauges, type Observed } from './core-gauges.ts'

export type Refused = (code: Refusal, member: MemberId | 'nobody', by?: RefusedEarly['by']) => void

/** Refused before a decision: counted for the `admission` leaf, and told. */
export function countRefusals(
  from: Instant,
  telemetry: Telemetry | undefined,
): { readonly admission: AdmissionCounts; readonly refused: Refused } {
  const admission = new AdmissionCounts(from)
  return {
    admission,
    refused(code, member, by = 'door') {
      admission.count(code, member)
      telemetry?.tell({ kind: 'refused', code, member, by })
    },
  }
}

export interface Observer {
  readonly telemetry?: Telemetry
  /** Takes what the gateway says when telemetry asks. */
  readonly watch?: (gauges: Gauges) => void
}

export function observeGateway(
  listener: Server,
  { telemetry, watch }: Observer,
  observed: Observed,
): void {
  if (telemetry === undefined) return
  tellRequests(listener, telemetry)
  watch?.(coreGauges({ ...observed, now: telemetry.now }))
}
