/**
 * The operator's log (pino): one JSON object a line, one line for each event that somebody may have to know of.
 *
 * Levels say who must act:
 * - `fatal`: the operator, now; the gateway stops or serves nobody;
 * - `error`: the operator, today; it goes on, and will not for ever, or a fault is ours;
 * - `warn`: somebody else (a provider, a department), or it mends itself: watch it;
 * - `info`: nobody: exchanges, refusals by law, changes of state;
 * - `debug`: connections.
 *
 * INVARIANT: lines are written in the background. What finds no room in the buffer is dropped and counted: a full disk, a closed
 * pipe or a reader that sleeps never holds up an exchange.
 */
import pino from 'pino'
import type { Refusal } from '../../policies/refusal.ts'
import type { TelemetryEvent } from '../../gateway/ports/telemetry.ts'
import { Destination } from './destination.ts'
import { LEVELS, type Level } from './levels.ts'
import { lineOf } from './lines.ts'
import { Thinned } from './thinned.ts'

export interface LogOptions {
  readonly level: Level
  /** A file, appended to, or a file descriptor. */
  readonly to: string | number
  readonly gateway: string
  /** Milliseconds, of a clock that only runs forward. */
  readonly now: () => number
}

export interface Log {
  /** MUST NOT throw. */
  tell(event: TelemetryEvent): void
  /** For the last words of a process: writes before it returns, unless nobody takes anything. Holds everything else up meanwhile. */
  flushNow(): void
  /** Lines that found no room, so far. */
  dropped(): number
  /** Writes what is left, if its reader takes it in time. */
  close(): Promise<void>
}

/** Throws where the file can't be opened: at the start somebody is there to mend it. */
export function openLog(options: LogOptions): Log {
  const { gateway, level, now, to } = options
  const destination = new Destination(to, now)
  const thinned = new Thinned(now)
  const logger = pino(
    {
      level,
      base: { gateway },
      timestamp: timeMember(),
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  )
  const isOn = new Set(LEVELS.filter((one) => logger.isLevelEnabled(one)))
  return {
    tell(event) {
      const line = lineOf(event, isOn)
      if (line === undefined) return
      const code = codeOfEarly(event)
      const passed = code === undefined ? line : thinned.pass(line, code)
      if (passed === undefined) return
      logger[passed.level](passed.fields, passed.words)
    },
    flushNow: () => {
      destination.flushNow()
    },
    dropped: () => destination.dropped,
    close: () => destination.close(),
  }
}

/** Of what was refused before a decision, which can come as fast as anybody asks: all else has records. */
function codeOfEarly(event: TelemetryEvent): Refusal | undefined {
  if (event.kind === 'refused') return event.code
  return event.kind === 'exchange' && event.effect === undefined ? event.code : undefined
}

/** RFC 3339 with milliseconds; the second is spelled once for all lines of it. */
function timeMember(): () => string {
  let second = NaN
  let spelled = ''
  return () => {
    const now = Date.now()
    const whole = Math.floor(now / 1000)
    if (whole !== second) {
      second = whole
      spelled = `,"time":"${new Date(whole * 1000).toISOString().slice(0, 20)}`
    }
    const milliseconds = now - whole * 1000
    return `${spelled}${milliseconds < 10 ? '00' : milliseconds < 100 ? '0' : ''}${milliseconds}Z"`
  }
}
