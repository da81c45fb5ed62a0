/** What makes the ledger more than its operator's word, and how it is: replication, checkpoints, witnesses, time-stamps. Only what is configured. */
import { degraded, failing, ok, type Health, type HealthFinding } from '../gateway/ports/health.ts'
import type { Clock } from '../gateway/ports/clock.ts'
import type { Replication } from '../gateway/replication/replication.ts'
import type { WitnessStatus } from '../gateway/witness/status.ts'
import type { Instant } from '../policies/vocabulary.ts'
import { ALARMS } from './alarms.ts'
import type { AnchorStatus } from './anchor-heads.ts'
import type { Core } from './open-core.ts'

export function addEvidenceChecks(
  health: Health,
  { clock, core }: { readonly clock: Clock; readonly core: Core },
): void {
  const { following, replication, witnessing } = core
  if (following !== undefined) health.add('registry', () => followed(following()))
  if (replication !== undefined) health.add('replication', () => replicated(replication))
  health.add('checkpoints', () => published(witnessing.status().unkept, clock.now()))
  if (witnessing.status().require > 0) {
    health.add('witnesses', () => witnessed(witnessing.status()))
  }
  if (core.anchors() !== undefined) {
    health.add('time-stamps', () => stamped(core.anchors(), clock.now()))
  }
}

function followed(trouble: string | undefined): HealthFinding {
  if (trouble === undefined) return ok('the registrar is followed')
  return degraded(
    `what was followed last stays in force: ${trouble}`,
    'Look at the registrar and the network to it; if it shows another history, keep this folder and ask who runs it.',
  )
}

function replicated(replication: Replication): HealthFinding {
  const { ageMs, bytes, records } = replication.backlog()
  const waiting = `${String(records)} records (${String(bytes)} bytes) wait to be sent, the oldest for ${inSeconds(ageMs)}`
  const [alarm] = replication.alarms
  if (!replication.accepts()) {
    return failing(waiting, ALARMS[alarm ?? 'unreachable'].whatToDo)
  }
  if (alarm === undefined) return ok(waiting)
  return degraded(`${[...replication.alarms].join(', ')}; ${waiting}`, ALARMS[alarm].whatToDo)
}

function published(unkept: WitnessStatus['unkept'], now: number): HealthFinding {
  if (unkept === undefined) return ok('they are published')
  return degraded(
    `none has been published for ${inSeconds(now - unkept.since)}: ${unkept.why}`,
    'Make room below the data folder; it goes on by itself. If it does not, start the gateway again.',
  )
}

function witnessed({ accepts, behindMs, require, witnesses }: WitnessStatus): HealthFinding {
  const absent = witnesses.filter(({ state }) => state !== 'cosigning' && state !== 'not-asked')
  const told = absent.map(({ name, state, why = '' }) => `${name} is ${state} (${why})`).join('; ')
  const behind = `${String(require)} must cosign; nothing has waited longer than ${inSeconds(behindMs)}`
  const next =
    'Do what stands in brackets; ask the witness’s operator. Receipts get cosignatures later.'
  if (!accepts) return failing(`${behind}, which is too long: ${told}`, next)
  if (absent.length > 0) return degraded(`${behind}: ${told}`, next)
  return ok(behind)
}

function stamped(status: AnchorStatus | undefined, now: number): HealthFinding {
  const { failing: trouble, isEnding, last } = status ?? {}
  const newest = last === undefined ? 'none yet' : `the newest is ${inSeconds(now - last.at)} old`
  if (trouble === undefined && isEnding === true) {
    return degraded(
      `${newest}; its certificate ends ${inWords(last?.notAfter)}, and the authority has no later one`,
      'Ask the authority for its next certificate, or name another one: what no later stamp covers by then, no stamp proves.',
    )
  }
  if (trouble === undefined) return ok(newest)
  return degraded(
    `${newest}; no further one can be had: ${trouble.sentence}`,
    'Look at the time-stamping authority and the network to it; it is asked again by itself.',
  )
}

function inWords(day: Instant | undefined): string {
  return day === undefined ? '' : `on ${new Date(day).toISOString().slice(0, 10)}`
}

function inSeconds(milliseconds: number): string {
  return `${String(Math.max(0, Math.round(milliseconds / 1000)))} s`
}
