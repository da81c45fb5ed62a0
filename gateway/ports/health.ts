/**
 * What is wrong now, since when, and what to do about it, part by part: for the person at three in the morning, for load balancers
 * and for supervisors. Each part is looked at when somebody asks, and once a second, so that `since` is right.
 *
 * INVARIANT: no words hold a personal datum. Where they quote what others wrote, `printable` stands between that and a terminal.
 */
import type { Instant } from '../../policies/vocabulary.ts'
import type { Clock } from './clock.ts'

/** `degraded`: it goes on, and somebody must act. `failing`: exchanges are refused; the gateway is not ready. */
export type HealthState = 'ok' | 'degraded' | 'failing'

export interface HealthFinding {
  readonly state: HealthState
  /** What is the case, in one sentence, with the numbers that show it. */
  readonly words: string
  /** The next step, in one sentence; empty where nothing is to be done. */
  readonly whatToDo: string
}

export interface HealthCheck extends HealthFinding {
  readonly name: string
  /** When the part came into this state, as far as anybody looked. */
  readonly since: Instant
}

export interface HealthReport {
  /** The worst of its checks. */
  readonly state: HealthState
  readonly at: Instant
  readonly checks: readonly HealthCheck[]
}

export class Health {
  readonly #clock: Clock
  readonly #looks = new Map<string, () => HealthFinding>()
  readonly #since = new Map<string, { readonly state: HealthState; readonly at: Instant }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `look` MUST be quick and MUST NOT wait; one that throws is told as failing. A name that is there already is replaced. */
  add(name: string, look: () => HealthFinding): void {
    this.#looks.set(name, look)
  }

  report(): HealthReport {
    const at = this.#clock.now()
    const checks = [...this.#looks].map(([name, look]): HealthCheck => {
      const finding = foundBy(look)
      const known = this.#since.get(name)
      const since = known?.state === finding.state ? known.at : at
      this.#since.set(name, { state: finding.state, at: since })
      return { name, since, ...finding }
    })
    return { state: worstOf(checks), at, checks }
  }
}

export function ok(words: string): HealthFinding {
  return { state: 'ok', words, whatToDo: '' }
}

export function degraded(words: string, whatToDo: string): HealthFinding {
  return { state: 'degraded', words, whatToDo }
}

export function failing(words: string, whatToDo: string): HealthFinding {
  return { state: 'failing', words, whatToDo }
}

function foundBy(look: () => HealthFinding): HealthFinding {
  try {
    return look()
  } catch (fault) {
    const name = fault instanceof Error ? fault.name : 'a fault'
    return failing(`it could not be looked at (${name})`, 'Restart the gateway; report the fault.')
  }
}

function worstOf(checks: readonly HealthCheck[]): HealthState {
  const has = (state: HealthState): boolean => checks.some((check) => check.state === state)
  if (has('failing')) return 'failing'
  return has('degraded') ? 'degraded' : 'ok'
}
