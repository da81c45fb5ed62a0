/** What is written of an event: its level by who must act, its members, and a sentence with the next step. */
import { REFUSALS, type Refusal } from '../../policies/refusal.ts'
import type {
  ExchangeEnded,
  Faulted,
  TelemetryEvent,
  Urgency,
} from '../../gateway/ports/telemetry.ts'
import type { Level } from './levels.ts'
import { nextStep } from './next-step.ts'

export interface Line {
  readonly level: Level
  readonly fields: Readonly<Record<string, unknown>>
  readonly words: string
}

/** Undefined: nobody needs to know, or it is below the level. */
export function lineOf(event: TelemetryEvent, isOn: ReadonlySet<Level>): Line | undefined {
  const level = levelOf(event)
  if (level === undefined || !isOn.has(level)) return undefined
  switch (event.kind) {
    case 'exchange':
      return { level, fields: exchangeFields(event), words: wordsOf(event.code) }
    case 'refused': {
      const { code, member } = event
      return { level, fields: { event: 'refused', code, member }, words: wordsOf(code) }
    }
    case 'breaker': {
      const { provider, state } = event
      return { level, fields: { event: 'breaker', provider, state }, words: BREAKER[state] }
    }
    case 'replicated': {
      const { chain, entries } = event
      return { level, fields: { event: 'not-replicated', chain, entries }, words: NOT_REPLICATED }
    }
    case 'connection':
      return { level, fields: { event: 'connection', change: event.change }, words: event.change }
    case 'fault':
      return { level, ...faultOf(event) }
    case 'notice':
      return { level, fields: { event: 'notice' }, words: event.sentence }
    case 'request':
    case 'committed':
      return undefined
  }
}

const URGENCIES: Readonly<Record<Urgency, Level>> = {
  now: 'fatal',
  today: 'error',
  watch: 'warn',
  nobody: 'info',
}

function levelOf(event: TelemetryEvent): Level | undefined {
  switch (event.kind) {
    case 'exchange':
      return event.code === undefined ? 'info' : levelOfCode(event.code)
    case 'refused':
      return event.by === 'steps' ? undefined : levelOfCode(event.code)
    case 'breaker':
      return event.state === 'open' ? 'warn' : 'info'
    case 'replicated':
      return event.stored ? undefined : 'warn'
    case 'connection':
      return 'debug'
    case 'fault':
      return 'error'
    case 'notice':
      return URGENCIES[event.urgency]
    case 'request':
    case 'committed':
      return undefined
  }
}

const OURS = /^Server\.(?:Internal|Ledger|Keys|Identity|Consent)/

/** The caller's faults are told to the caller; a provider's and load are to be watched; the rest is ours. */
function levelOfCode(code: Refusal): Level {
  if (!code.startsWith('Server.') || code === 'Server.Stopping') return 'info'
  return OURS.test(code) ? 'error' : 'warn'
}

const BREAKER = {
  open: 'the provider did not answer several times in a row and is not asked for a while; tell its operator',
  'half-open': 'the provider is tried again',
  closed: 'the provider answers again',
}

const NOT_REPLICATED =
  'a batch was not stored at the replicas; it is tried again. If this goes on: look at the brokers, and at the backlog'

function wordsOf(code: Refusal | undefined): string {
  if (code === undefined) return 'released'
  const step = nextStep(code)
  return step === undefined ? REFUSALS[code].title : `${REFUSALS[code].title}: ${step}`
}

function exchangeFields(event: ExchangeEnded): Line['fields'] {
  const { began, ends, trace } = event
  // Members in this order; what is undefined is not written.
  return {
    event: 'exchange',
    exchange: event.exchange,
    code: event.code,
    consumer: event.consumer,
    service: event.service,
    purpose: event.purpose,
    verdict: event.effect,
    outcome: event.outcome,
    status: event.status,
    provider: event.provider,
    ms: Math.round(((ends.at(-1) ?? began) - began) * 100) / 100,
    span: trace?.spanId,
  }
}

/** Their messages quote what could not be read, which may be a request. */
const QUOTING = new Set(['SyntaxError', 'URIError'])

function faultOf({ exchange, fault }: Faulted): Omit<Line, 'level'> {
  if (!(fault instanceof Error)) {
    return { fields: { event: 'fault', exchange }, words: `a thrown value: ${REPORT}` }
  }
  const message = QUOTING.has(fault.name)
    ? '(message left out: it could quote a request)'
    : fault.message
  const frames = (fault.stack ?? '').split('\n').filter((line) => line.startsWith('    at '))
  return {
    fields: {
      event: 'fault',
      exchange,
      fault: fault.name,
      frames: frames.map((line) => line.trim()),
    },
    words: `${fault.name}: ${message}`,
  }
}

const REPORT = 'report it to the makers of the gateway, with this line'
