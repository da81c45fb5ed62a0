/** What readiness says is told as well, once for each change: whoever reads the log needs to know what a load balancer knows. */
import type { HealthCheck, HealthReport, HealthState } from '../gateway/ports/health.ts'
import type { Report, Urgency } from '../gateway/ports/telemetry.ts'

const URGENCY: Readonly<Record<HealthState, Urgency>> = {
  failing: 'now',
  degraded: 'today',
  ok: 'nobody',
}

/**
 * `untold`: parts whose changes are told by whoever makes them. A state is told when it was found twice in a row: what comes and goes
 * from one look to the next would fill the log.
 */
export function tellHealth(
  report: Report,
  untold: ReadonlySet<string>,
): (look: HealthReport) => void {
  const told = new Map<string, HealthState>()
  const found = new Map<string, HealthState>()
  return ({ checks }) => {
    for (const check of checks) {
      const { name, state } = check
      const isNew = (told.get(name) ?? 'ok') !== state
      if (isNew && found.get(name) === state && !untold.has(name)) {
        told.set(name, state)
        report(sentenceOf(check), URGENCY[state])
      }
      found.set(name, state)
    }
  }
}

function sentenceOf({ name, state, whatToDo, words }: HealthCheck): string {
  const is = state === 'ok' ? 'is well again' : state
  return `${name} ${is}: ${words}${whatToDo === '' ? '' : `. ${whatToDo}`}`
}
