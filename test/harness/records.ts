/** Records as a gateway makes them, for tests of the ledger: synthetic, canonical, with their public commitments. */
import { canonicalJson } from '../../policies/canonical-json.ts'
import type { Entry } from '../../gateway/ledger/entry.ts'
import type { DecisionRecord, OutcomeKind, OutcomeRecord } from '../../gateway/ledger/events.ts'
import { publicCommitment } from '../../gateway/ledger/public-row.ts'
import {
  AgreementId,
  BasisCode,
  Digest,
  EndpointId,
  ExchangeId,
  FieldName,
  Instant,
  MemberId,
  PurposeCode,
  RuleId,
  ServiceId,
  SubsystemId,
} from '../../policies/vocabulary.ts'

export const CONSUMER = SubsystemId.of('T', 'GOV', 'A300000014', 'benefits')
const SERVICE = ServiceId.of('T', 'GOV', 'B300000051', 'tax', 'income')

export function digest(letter: string): Digest {
  return Digest.parse(letter.repeat(43))
}

export function exchangeId(number: number): ExchangeId {
  return ExchangeId.parse(`00000000-0000-4000-8000-${String(number).padStart(12, '0')}`)
}

export function decision(number: number, at: number, effect: 'permit' | 'deny'): DecisionRecord {
  const verdict = (rule: string): DecisionRecord['verdicts']['collect'] => ({
    effect,
    errors: [],
    reasons: [RuleId.parse(rule)],
  })
  return {
    agreement: { hash: digest('a'), id: AgreementId.parse('AG-2026-001'), version: 3 },
    bases: { collect: BasisCode.parse('PDPA-15-1'), disclose: BasisCode.parse('PDPA-16-1') },
    certificate: digest('b'),
    clock: 'system',
    configuration: digest('c'),
    controllers: {
      consumer: MemberId.of('T', 'GOV', 'A300000014'),
      provider: MemberId.of('T', 'GOV', 'B300000051'),
    },
    ...(effect === 'permit' ? { deadline: Instant.ofMilliseconds(at + 5000) } : {}),
    effect,
    evidence: 'asserted',
    exchange: exchangeId(number),
    fields: ['amount', 'incomeType', 'payerName', 'taxYear'].map((name) => FieldName.parse(name)),
    heads: { manifest: 1, registry: 2, revocations: 1 },
    obligations: [
      { kind: 'notifySubject', value: 'due' },
      { days: 365, kind: 'retention' },
    ],
    purpose: PurposeCode.parse('031'),
    question: {
      at: Instant.ofMilliseconds(at),
      consumer: CONSUMER,
      endpoint: EndpointId.parse('GET /income/{year}'),
      parameters: { years: ['113'] },
      purpose: PurposeCode.parse('031'),
      service: SERVICE,
      subject: 'identified',
    },
    refusals: [],
    request: digest('d'),
    rules: digest('e'),
    salt: 'AAAAAAAAAAAAAAAAAAAAAA',
    sealed: 'S'.repeat(200),
    service: digest('f'),
    subject: digest('g'),
    v: 1,
    verdicts: { collect: verdict('P01-collect'), disclose: verdict('P02-disclose') },
  }
}

export function decisionEntry(number: number, at: number, effect: 'permit' | 'deny'): Entry {
  const record = decision(number, at, effect)
  const kind = effect === 'permit' ? 'intent' : 'denial'
  return { kind, record: canonicalJson({ ...record }), public: publicCommitment(kind, record) }
}

export interface OutcomeOf {
  readonly number: number
  readonly at: number
  readonly intent: number
  readonly outcome?: OutcomeKind
  readonly intentChain?: string
  readonly released?: Digest
}

export function outcomeEntry(of: OutcomeOf): Entry {
  const record: OutcomeRecord = {
    ...(of.released === undefined ? {} : { answer: digest('h') }),
    at: Instant.ofMilliseconds(of.at),
    consumer: CONSUMER,
    exchange: exchangeId(of.number),
    fields: [FieldName.parse('amount')],
    intent: of.intent,
    ...(of.intentChain === undefined ? {} : { intentChain: of.intentChain }),
    outcome: of.outcome ?? 'released',
    ...(of.released === undefined ? {} : { released: of.released }),
    removed: [FieldName.parse('payerName')],
    salt: 'BBBBBBBBBBBBBBBBBBBBBB',
    service: SERVICE,
    status: 200,
    subject: digest('g'),
    subjectCheck: 'same',
    v: 1,
  }
  return {
    kind: 'outcome',
    record: canonicalJson({ ...record }),
    public: publicCommitment('outcome', record),
    finishes: true,
  }
}
