/**
 * One provider (cockatiel): how many exchanges may be under way with it, and whether it is asked at all. After so many failures in a
 * row its breaker opens; then nobody is admitted, until one exchange is let through on trial.
 */
import {
  bulkhead,
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  handleWhenResult,
  isBrokenCircuitError,
  type BulkheadPolicy,
  type CircuitBreakerPolicy,
} from 'cockatiel'
import type { Busy } from '../../gateway/ports/load.ts'
import type { Provider, ProviderAnswer, ProviderRequest } from '../../gateway/ports/provider.ts'
import { Pause } from './pause.ts'

export interface ProviderLimits {
  readonly atOneTime: number
  /** Breaker: opens after so many failures in a row, for so long. */
  readonly failuresInARow: number
  readonly openForMs: number
}

export type BreakerState = 'closed' | 'open' | 'half-open'

/** When a place may be free: nobody can know. */
const SOON_MS = 1000

export class ProviderGuard {
  readonly #places: BulkheadPolicy
  readonly #breaker: CircuitBreakerPolicy
  readonly #pause: Pause
  #onTrial = false
  #lastFailure = ''

  /** `now`: milliseconds of a clock that only runs forward. */
  constructor(
    limits: ProviderLimits,
    onChange: (state: BreakerState) => void,
    now = (): number => performance.now(),
  ) {
    this.#places = bulkhead(limits.atOneTime)
    this.#pause = new Pause(limits.openForMs, now)
    this.#breaker = circuitBreaker(handleWhenResult(isFailure), {
      halfOpenAfter: this.#pause,
      breaker: new ConsecutiveBreaker(limits.failuresInARow),
    })
    this.#breaker.onStateChange((state) => {
      onChange(nameOf(state))
    })
  }

  get state(): BreakerState {
    return nameOf(this.#breaker.state)
  }

  /** How the last failure was called; empty while there was none. */
  get lastFailure(): string {
    return this.#lastFailure
  }

  /** An exchange that may ask this provider, from its admission to its end. */
  run<T>(work: () => Promise<T>): Promise<T> | Busy {
    if (this.state === 'closed') return this.#inAPlace(work)
    const { leftMs } = this.#pause
    if (leftMs > 0 || this.#onTrial) {
      const retryAfterMs = Math.max(leftMs, SOON_MS)
      return { kind: 'busy', code: 'Server.Provider.Unavailable', retryAfterMs }
    }
    return this.#inAPlace(async () => {
      this.#onTrial = true
      try {
        return await work()
      } finally {
        // Also where the rules denied it, so that the provider was never asked: the next one is the trial.
        this.#onTrial = false
      }
    })
  }

  #inAPlace<T>(work: () => Promise<T>): Promise<T> | Busy {
    if (this.#places.executionSlots > 0) return this.#places.execute(work)
    return { kind: 'busy', code: 'Server.Load.Busy', retryAfterMs: SOON_MS }
  }

  /** Asks, and learns from what came of it. */
  async ask(provider: Provider, request: ProviderRequest): Promise<ProviderAnswer> {
    // Admitted before the breaker opened: it is not kept waiting for the trial's end.
    if (this.state === 'half-open') return NOT_ASKED
    try {
      return await this.#breaker.execute(async () => {
        const answer = await provider.ask(request)
        if (isFailure(answer)) this.#lastFailure = answer.kind === 'answered' ? '' : answer.why
        // A consumer that left says nothing of the provider, unless this was the trial: then nothing is known to be mended.
        if (isAborted(answer) && this.state === 'closed') throw new SaysNothing(answer)
        return answer
      })
    } catch (ended) {
      if (ended instanceof SaysNothing) return ended.answer
      if (isBrokenCircuitError(ended)) return NOT_ASKED
      throw ended
    }
  }
}

const NOT_ASKED: ProviderAnswer = { kind: 'not-sent', why: 'unreachable' }

class SaysNothing extends Error {
  readonly answer: ProviderAnswer
  constructor(answer: ProviderAnswer) {
    super('the consumer left')
    this.answer = answer
  }
}

function isAborted(answer: ProviderAnswer): boolean {
  return answer.kind !== 'answered' && answer.why === 'aborted'
}

/** No whole answer came. An error status is an answer, and one that is too large is the question's fault as well. */
function isFailure(result: unknown): boolean {
  const answer = result as ProviderAnswer
  return answer.kind !== 'answered' && answer.why !== 'too-large'
}

function nameOf(state: CircuitState): BreakerState {
  if (state === CircuitState.Closed) return 'closed'
  return state === CircuitState.HalfOpen ? 'half-open' : 'open'
}
