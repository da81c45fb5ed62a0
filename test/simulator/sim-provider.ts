/** A department's system in a simulated world: it keeps the port's promises, and answers well, badly, late or never. */
import type { Provider, ProviderAnswer, ProviderRequest } from '../../gateway/ports/provider.ts'
import { answered, truthAbout, truthful } from '../harness/scripted-provider.ts'
import type { Random } from './random.ts'
import type { Schedule } from './schedule.ts'
import type { ANSWERS } from './steps.ts'

export class SimProvider implements Provider {
  how: (typeof ANSWERS)[number] = 'truth'
  readonly #schedule: Schedule
  readonly #random: Random
  readonly #onAsked: (request: ProviderRequest) => void

  constructor(schedule: Schedule, random: Random, onAsked: (request: ProviderRequest) => void) {
    this.#schedule = schedule
    this.#random = random
    this.#onAsked = onAsked
  }

  async ask(request: ProviderRequest): Promise<ProviderAnswer> {
    if (request.signal.aborted) return { kind: 'not-sent', why: 'aborted' }
    if (this.how === 'unreachable') {
      await this.#schedule.sleep(1)
      return { kind: 'not-sent', why: 'unreachable' }
    }
    this.#onAsked(request)
    const left = new Promise<ProviderAnswer>((resolve) => {
      request.signal.addEventListener('abort', () => {
        resolve({ kind: 'unanswered', why: 'aborted' })
      })
    })
    return Promise.race([this.#answer(request), left])
  }

  async #answer(request: ProviderRequest): Promise<ProviderAnswer> {
    const how = this.how
    await this.#schedule.sleep(this.#timeFor(request.deadlineMs))
    switch (how) {
      case 'silence':
        return { kind: 'unanswered', why: 'timeout' }
      case 'garbage':
        return answered('{"subjectId":')
      case 'another person':
        return answered({ ...truthAbout(request), subjectId: 'T300000083' })
      case 'error':
        return answered({ message: 'CANARY' }, 500)
      case 'truth':
      case 'slow':
      case 'unreachable':
        return truthful(request)
    }
  }

  #timeFor(deadlineMs: number): number {
    if (this.how === 'silence') return deadlineMs
    return this.how === 'slow' ? deadlineMs * 0.9 : this.#random.between(1, 20)
  }
}
