/** One exchange as a story for people: who asked what and why, which rules decided, what passed. From its two records. */
import { shownTitle } from '../../policies/catalog.ts'
import { ENGINE_FINDINGS } from '../../policies/engine-findings.ts'
import type { Side } from '../../policies/question.ts'
import type { RuleBook } from '../../policies/rule-book.ts'
import type { RuleId } from '../../policies/vocabulary.ts'
import type { DecisionRecord, OutcomeRecord } from '../ledger/events.ts'

export interface Story {
  readonly heading: string
  readonly lines: readonly (readonly [string, string])[]
}

export function explain(
  decision: DecisionRecord,
  outcome: OutcomeRecord | undefined,
  book: RuleBook | undefined,
): Story {
  const { question, controllers } = decision
  return {
    heading: `exchange ${decision.exchange}: ${outcome?.outcome ?? (decision.effect === 'deny' ? 'denied' : 'asked, no outcome yet')}`,
    lines: [
      ['asked', new Date(question.at).toISOString()],
      ['consumer', `${question.consumer} for ${nameOf(controllers.consumer, book)}`],
      ['provider', `${question.service} of ${nameOf(controllers.provider, book)}`],
      ['endpoint', question.endpoint],
      ...Object.entries(question.parameters).map(
        ([name, values]) =>
          [
            `  ${name}`,
            values.length === 0 ? 'a text, which no leaf holds' : values.join(', '),
          ] as const,
      ),
      ['purpose', purposeInWords(decision, book)],
      ['basis', basisInWords(decision)],
      ['agreement', agreementInWords(decision)],
      ['§15 collect', verdictInWords(decision, 'collect', book)],
      ['§16 disclose', verdictInWords(decision, 'disclose', book)],
      ...(decision.refusals.length > 0
        ? [['refused', decision.refusals.join(', ')] as const]
        : [['permitted', decision.fields.join(', ')] as const]),
      ...outcomeLines(outcome),
      ...(decision.span === undefined ? [] : [['span', decision.span] as const]),
    ],
  }
}

function outcomeLines(outcome: OutcomeRecord | undefined): readonly (readonly [string, string])[] {
  if (outcome === undefined) return []
  const { fields, others, reason, removed, status } = outcome
  return [
    ['provider said', status === undefined ? 'nothing whole' : String(status)],
    ...(reason === undefined ? [] : [['because', reason] as const]),
    ['passed', fields.length === 0 ? 'nothing' : fields.join(', ')],
    ['removed', removed.length === 0 ? 'nothing' : removed.join(', ')],
    ['unregistered', others === undefined ? 'none' : `${String(others.count)} name(s), dropped`],
  ]
}

function nameOf(member: DecisionRecord['controllers']['consumer'], book?: RuleBook): string {
  const name = book?.documents.members.get(member)?.document.name
  return name === undefined ? member : `${name.zh} / ${name.en}`
}

function purposeInWords({ purpose }: DecisionRecord, book?: RuleBook): string {
  if (purpose === undefined) return 'none'
  const registered = book?.documents.purposes.get(purpose)
  if (registered === undefined) return purpose
  const { zh, en } = shownTitle(registered)
  return `${purpose} ${zh} / ${en}`
}

function basisInWords({ bases }: DecisionRecord): string {
  return bases === undefined ? 'none' : `collect ${bases.collect}, disclose ${bases.disclose}`
}

function agreementInWords({ agreement }: DecisionRecord): string {
  return agreement === undefined ? 'none' : `${agreement.id} version ${String(agreement.version)}`
}

function verdictInWords({ verdicts }: DecisionRecord, side: Side, book?: RuleBook): string {
  const { effect, errors, reasons } = verdicts[side]
  const because = reasons.map((rule) => ruleInWords(rule, book)).join('; ')
  const failed = errors.length === 0 ? '' : `; could not be evaluated: ${errors.join(', ')}`
  return `${effect}: ${because}${failed}`
}

function ruleInWords(id: RuleId, book?: RuleBook): string {
  const finding = ENGINE_FINDINGS.get(id)
  if (finding !== undefined) return `${id} ${finding.zh} / ${finding.en}`
  const rule = book?.rules.rules.get(id)
  return rule === undefined ? id : `${id} ${rule.title.zh} / ${rule.title.en} (${rule.cite})`
}
