/**
 * What a check needs to know of a record, by its kind, read from its canonical text. A record that does not have the
 * members of its kind is `undefined`.
 */
import type { Instant } from '../../policies/vocabulary.ts'
import { membersOf } from './canonical-scan.ts'
import type { LeafKind } from './entry.ts'
import { commitmentToRow, hasRow, taipeiMonth } from './public-row.ts'
import type { RowKind } from './public-row.ts'

export interface Facts {
  /** When it happened; undefined for kinds that have no time. */
  readonly at: number | undefined
  /** The coarse row, and the commitment to it under the record's salt. */
  readonly row?: { readonly text: string; readonly commitment: string }
  readonly intent?: IntentFacts
  readonly outcome?: OutcomeFacts
}

export interface IntentFacts {
  readonly exchange: string
  readonly deadline: number
}

export interface OutcomeFacts {
  readonly exchange: string
  readonly intent: number
  /** Absent: the chain it stands in. */
  readonly chain: string | undefined
  readonly outcome: string
}

const NO_TIME: Facts = { at: undefined }

export function factsOf(kind: LeafKind, record: string): Facts | undefined {
  if (kind === 'outcome') return outcomeFacts(record)
  if (hasRow(kind)) return decisionFacts(kind, record)
  switch (kind) {
    case 'document':
    case 'rules':
    case 'revocations':
    case 'heads':
      return NO_TIME
    case 'admission':
      return timed(record, 'to')
    case 'instance':
    case 'manifest':
    case 'genesis':
    case 'closure':
    case 'cut':
    case 'officers':
    case 'hold':
    case 'release':
    case 'erasure':
    case 'access':
    case 'anchor':
    case 'pruned':
    case 'opening':
    case 'seal':
      return timed(record, 'at')
  }
}

function timed(record: string, member: string): Facts | undefined {
  const at = numberOf(membersOf(record, [member])[0])
  return at === undefined ? undefined : { at }
}

// Sorted, as `membersOf` asks.
const DECISION = [
  ...['bases', 'controllers', 'deadline', 'effect', 'exchange'],
  ...['purpose', 'question', 'salt'],
]
/** 16 bytes, always: where a salt ended and its row began would otherwise be for the operator to say, later. */
const SALT = /^"[A-Za-z0-9_-]{22}"$/
const CONTROLLERS = ['consumer', 'provider']
const QUESTION = ['at', 'service']

function decisionFacts(kind: RowKind, record: string): Facts | undefined {
  const [bases, controllers, deadline, effect, exchange, purpose, question, salt] = membersOf(
    record,
    DECISION,
  )
  const [consumer, provider] = membersOf(controllers ?? '', CONTROLLERS)
  const [atText, service] = membersOf(question ?? '', QUESTION)
  const at = numberOf(atText)
  const parts = { consumer, effect, provider, service, exchange, salt }
  if (at === undefined || !areStrings(parts) || !SALT.test(parts.salt)) return undefined
  const text =
    `{${member('bases', bases)}"consumer":${parts.consumer},"effect":${parts.effect},` +
    `"month":"${taipeiMonth(at)}","provider":${parts.provider},` +
    `${member('purpose', purpose)}"service":${parts.service}}`
  const row = { text, commitment: commitmentToRow(unquoted(parts.salt), text) }
  if (parts.effect !== (kind === 'intent' ? '"permit"' : '"deny"')) return undefined
  if (kind === 'denial') return { at, row }
  const until = numberOf(deadline)
  if (until === undefined) return undefined
  return { at, row, intent: { exchange: unquoted(parts.exchange), deadline: until } }
}

const OUTCOME = [
  ...['at', 'consumer', 'exchange', 'intent', 'intentChain'],
  ...['outcome', 'salt', 'service'],
]
const OUTCOMES = /^"(?:released|withheld|unanswered|not-sent|unknown)"$/

function outcomeFacts(record: string): Facts | undefined {
  const [atText, consumer, exchange, intentText, chain, outcome, salt, service] = membersOf(
    record,
    OUTCOME,
  )
  const at = numberOf(atText)
  const intent = numberOf(intentText)
  const parts = { consumer, exchange, outcome, salt, service }
  if (at === undefined || intent === undefined || !areStrings(parts)) return undefined
  if (!OUTCOMES.test(parts.outcome) || !SALT.test(parts.salt)) return undefined
  const member = parts.consumer.split('/').slice(0, 3).join('/')
  const text = `{"consumer":${member}","month":"${taipeiMonth(at)}","outcome":${parts.outcome},"service":${parts.service}}`
  return {
    at,
    row: { text, commitment: commitmentToRow(unquoted(parts.salt), text) },
    outcome: {
      exchange: unquoted(parts.exchange),
      intent,
      chain: chain === undefined ? undefined : unquoted(chain),
      outcome: unquoted(parts.outcome),
    },
  }
}

function member(name: string, text: string | undefined): string {
  return text === undefined ? '' : `"${name}":${text},`
}

function areStrings<Name extends string>(
  parts: Readonly<Record<Name, string | undefined>>,
): parts is Readonly<Record<Name, string>> {
  for (const name in parts) if (parts[name]?.startsWith('"') !== true) return false
  return true
}

function unquoted(text: string): string {
  return text.slice(1, -1)
}

/** Whole milliseconds, or an index. */
function numberOf(text: string | undefined): Instant | undefined {
  const value = text === undefined ? Number.NaN : Number(text)
  return Number.isSafeInteger(value) ? (value as Instant) : undefined
}
