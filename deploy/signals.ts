/** What the process is told by signals: SIGTERM and SIGINT stop it in order, a second one at once; SIGHUP has it read again. */
import type { Report } from '../gateway/ports/telemetry.ts'

export interface Signals {
  /** The first SIGTERM or SIGINT. */
  readonly stop: Promise<NodeJS.Signals>
  /** Called for each SIGHUP, one after the other, from now on. MUST NOT throw. */
  onHangUp(reload: () => Promise<void>): void
}

const HURRIED = 1

/** `last`: what is told so is written when it returns. */
export function listenToSignals({
  last,
  report,
}: {
  readonly report: Report
  readonly last: (sentence: string) => void
}): Signals {
  let reload: (() => Promise<void>) | undefined
  let reloading = Promise.resolve()
  process.on('SIGHUP', () => {
    reloading = reloading.then(() => {
      if (reload !== undefined) return reload()
      report(
        'SIGHUP came before the gateway was ready: what it reads now is what it starts with',
        'nobody',
      )
      return undefined
    })
  })
  const stop = new Promise<NodeJS.Signals>((resolve) => {
    let stopping = false
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (stopping) {
          last(`${signal} came a second time: ended at once; the next start recovers the chain`)
          process.exit(HURRIED)
        }
        stopping = true
        resolve(signal)
      })
    }
  })
  return {
    stop,
    onHangUp(listener) {
      reload = listener
    },
  }
}
