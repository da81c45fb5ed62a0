/** The table that the demo prints: each exchange as its two records in the journal tell it. */
import { REFUSALS } from '../../policies/refusal.ts'
import type { DecisionRecord, OutcomeRecord } from '../../gateway/ledger/events.ts'
import { bookOfManifest } from '../../gateway/projections/book-of-manifest.ts'
import { documentCrypto } from '../../gateway/registry/agreement-signatures.ts'
import type { LedgerReader } from '../read-ledger.ts'
import type { Ran } from './run-scenarios.ts'
import { table } from './table.ts'

const HEAD = [
  'scenario',
  'consumer',
  'provider',
  'purpose',
  'basis',
  '§15',
  '§16',
  'passed',
  'removed',
  'answer',
  'time',
  'receipt',
]

export function report(ran: readonly Ran[], ledger: LedgerReader): string {
  const decisions = new Map<string, DecisionRecord>()
  const outcomes = new Map<string, OutcomeRecord>()
  ledger.exchangeLeaves(({ kind, record }) => {
    if (kind === 'intent' || kind === 'denial') {
      const decision = record as DecisionRecord
      decisions.set(decision.exchange, decision)
    } else if (kind === 'outcome') {
      const outcome = record as OutcomeRecord
      outcomes.set(outcome.exchange, outcome)
    }
  })
  const unconfirmed = unconfirmedPurposes(ledger)
  const rows = ran.map((one) =>
    row(one, {
      decision: decisions.get(one.exchange),
      outcome: outcomes.get(one.exchange),
      unconfirmed,
    }),
  )
  return `${table(HEAD, rows)}\n${FOOTNOTE}`
}

const FOOTNOTE =
  '* 參考清單,待核對: a purpose of the reference list whose wording nobody has confirmed yet'

/** A row of the catalogue that is not verified says so wherever it is shown. */
function unconfirmedPurposes({ view }: LedgerReader): ReadonlySet<string> {
  const manifest = view.newest()
  if (manifest === undefined) return new Set()
  const { purposes } = bookOfManifest(manifest, view, documentCrypto).documents
  const rows = [...purposes.values()].filter(({ status }) => status !== 'verified')
  return new Set(rows.map(({ code }) => code))
}

interface Told {
  readonly decision: DecisionRecord | undefined
  readonly outcome: OutcomeRecord | undefined
  readonly unconfirmed: ReadonlySet<string>
}

function row(ran: Ran, { decision, outcome, unconfirmed }: Told): readonly string[] {
  return [
    ran.scenario.name,
    ...(decision === undefined ? ['–', '–', '–', '–', '–', '–'] : decided(decision, unconfirmed)),
    list(outcome?.fields),
    list(outcome?.removed),
    answerInWords(ran, decision),
    `${ran.asked.milliseconds.toFixed(0)} ms`,
    ran.receipt === '' ? 'none' : `${String(ran.receipt.length)} chars`,
  ]
}

function decided(decision: DecisionRecord, unconfirmed: ReadonlySet<string>): readonly string[] {
  const { bases, purpose = '–', question, verdicts } = decision
  return [
    lastPart(question.consumer),
    lastPart(question.service),
    `${purpose}${unconfirmed.has(purpose) ? '*' : ''}`,
    bases === undefined ? '–' : `${short(bases.collect)} ${short(bases.disclose)}`,
    verdicts.collect.effect,
    verdicts.disclose.effect,
  ]
}

function answerInWords({ asked }: Ran, decision?: DecisionRecord): string {
  const [refusal] = decision?.refusals ?? []
  if (refusal === undefined) return String(asked.status)
  const title = REFUSALS[refusal].titleZh
  return `${String(asked.status)} ${lastWord(refusal)} ${title}`
}

function list(names: readonly string[] | undefined): string {
  return names === undefined || names.length === 0 ? '–' : names.join(' ')
}

function lastPart(id: string): string {
  return id.split('/').at(-1) ?? id
}

function lastWord(code: string): string {
  return code.split('.').at(-1) ?? code
}

function short(basis: string): string {
  return basis.replace('PDPA-', '§')
}
