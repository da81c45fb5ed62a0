/** What readiness says is told as well, once for each change: whoever reads the log needs to know what a load balancer knows. */
import type { HealthCheck, HealthReport, HealthState } from '../gateway/ports/health.ts'
import type { Report, Urgency } from '../gateway/ports/telemetry.ts'

const URGENCY: Readonly<Record<HealthState, Urgency>> = {
  failing: 'now',
  degraded: 'today',
  ok: 'nobody',
}

const GRAVITY: Readonly<Record<HealthState, number>> = { ok: 0, degraded: 1, failing: 2 }

/**
 * `untold`: parts whose changes are told by whoever makes them. A part is told as bad, or as well, as it was found twice in a row at the
 * least: what comes and goes from one look to the next would fill the log.
 */
export function tellHealth(
  report: Report,
  untold: ReadonlySet<string>,
): (look: HealthReport) => void {
  const told = new Map<string, HealthState>()
  const found = new Map<string, HealthCheck>()
  return ({ checks }) => {
    for (const check of checks) {
      const { name } = check
      const lasting = lastingOf(check, found.get(name), told.get(name) ?? 'ok')
      found.set(name, check)
      if (lasting === undefined || untold.has(name)) continue
      told.set(name, lasting.state)
      report(sentenceOf(lasting), URGENCY[lasting.state])
    }
  }
}

/** Of two looks the one that is nearer to what was told, where both are on the same side of it. */
function lastingOf(
  now: HealthCheck,
  before: HealthCheck | undefined,
  told: HealthState,
): HealthCheck | undefined {
  if (before === undefined) return undefined
  const [one, other] = [now, before].map(({ state }) => GRAVITY[state] - GRAVITY[told])
  if (one === undefined || other === undefined || one * other <= 0) return undefined
  return Math.abs(one) <= Math.abs(other) ? now : before
}

function sentenceOf({ name, state, whatToDo, words }: HealthCheck): string {
  const is = state === 'ok' ? 'is well again' : state
  return `${name} ${is}: ${words}${whatToDo === '' ? '' : `. ${whatToDo}`}`
}
