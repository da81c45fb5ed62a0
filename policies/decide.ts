/**
 * The decision: two legal tests of one exchange, both of which must permit (design §2). Pure: the same question, book
 * and engine give the same answer for ever, which is what replay rests on.
 *
 * Cedar fails open on errors, so here every doubt closes: a rule that failed, an entity that is missing, an obligation
 * that nobody knows how to fulfil, a deny without a rule.
 */
import type { Candidate } from './agreement-index.ts'
import type { Evaluate, Evaluation } from './cedar-input.ts'
import { frame } from './cedar-question.ts'
import type { Framed } from './cedar-question.ts'
import { ENTITY_MISSING, NOTHING_PERMITS } from './engine-findings.ts'
import type { Decision, Obligation, Question, Side, Verdict } from './question.ts'
import { POLICY_REFUSALS } from './refusal.ts'
import type { PolicyRefusal } from './refusal.ts'
import type { RuleBook } from './rule-book.ts'
import type { RuleSet } from './rule-set.ts'
import type { RuleId } from './vocabulary.ts'

/** A purpose that is absent counts as the implied one where there is one; `settlePurpose` answers the 400 before. */
export function decide(question: Question, book: RuleBook, evaluate: Evaluate): Decision {
  const framed = frame(question, book)
  const collect = verdictOf('collect', framed, { evaluate, rules: book.rules })
  const disclose = verdictOf('disclose', framed, { evaluate, rules: book.rules })
  const permitted = collect.effect === 'permit' && disclose.effect === 'permit'
  const { found, purpose, controllers } = framed
  return {
    effect: permitted ? 'permit' : 'deny',
    verdicts: { collect, disclose },
    refusals: permitted ? [] : refusalsOf([collect, disclose], book.rules),
    ...(found === undefined ? {} : { agreement: found.reference, bases: basesOf(found) }),
    ...(purpose === undefined ? {} : { purpose }),
    controllers,
    fields: permitted ? permittedFields(question, framed) : [],
    obligations:
      permitted && found !== undefined ? obligationsOf(found, [collect, disclose], book.rules) : [],
  }
}

interface Engine {
  readonly evaluate: Evaluate
  readonly rules: RuleSet
}

function verdictOf(side: Side, { inputs }: Framed, { evaluate, rules }: Engine): Verdict {
  if (inputs === undefined)
    return { effect: 'deny', reasons: [ENTITY_MISSING], errors: [ENTITY_MISSING] }
  const evaluation = evaluate(side, inputs[side])
  if (evaluation.errors.length > 0) return denyForErrors(evaluation)
  const { decision, reasons, errors } = evaluation
  if (reasons.length === 0) return { effect: 'deny', reasons: [NOTHING_PERMITS], errors }
  if (decision === 'deny') return { effect: 'deny', reasons, errors }
  const unfulfillable = reasons.filter((id) => !canFulfil(id, rules))
  if (unfulfillable.length > 0) return { effect: 'deny', reasons: unfulfillable, errors }
  return { effect: 'permit', reasons, errors }
}

/** What Cedar would allow or refuse beside an error is not looked at twice: the failed rules are a reason too. */
function denyForErrors({ decision, reasons, errors }: Evaluation): Verdict {
  const refusing = decision === 'deny' ? reasons : []
  return { effect: 'deny', reasons: [...new Set([...refusing, ...errors])].toSorted(), errors }
}

function refusalsOf(verdicts: readonly Verdict[], { rules }: RuleSet): readonly PolicyRefusal[] {
  const told = new Set<PolicyRefusal>()
  for (const { effect, reasons } of verdicts) {
    if (effect === 'permit') continue
    for (const id of reasons) told.add(rules.get(id)?.refusal ?? 'Client.Policy.NoBasis')
  }
  return POLICY_REFUSALS.filter((code) => told.has(code))
}

const KNOWN_OBLIGATIONS: readonly string[] = ['notifySubject']

function canFulfil(id: RuleId, { rules }: RuleSet): boolean {
  const rule = rules.get(id)
  return rule?.obligations.every((name) => KNOWN_OBLIGATIONS.includes(name)) ?? false
}

/** More sources can only add: what a rule obliges to comes on top of the agreement's own. */
function obligationsOf(
  { obligations }: Candidate,
  verdicts: readonly Verdict[],
  { rules }: RuleSet,
): readonly Obligation[] {
  const byRule = verdicts.some(({ reasons }) =>
    reasons.some((id) => rules.get(id)?.obligations.includes('notifySubject') ?? false),
  )
  if (!byRule || obligations.some(({ kind }) => kind === 'notifySubject')) return obligations
  return [{ kind: 'notifySubject', value: 'due' }, ...obligations]
}

function basesOf({ agreement }: Candidate): NonNullable<Decision['bases']> {
  return { collect: agreement.collect.basis, disclose: agreement.disclose.basis }
}

/** Requested ∩ agreed; the rules have refused what is beyond, and a second look costs nothing. */
function permittedFields({ fields, endpoint }: Question, { found }: Framed): Decision['fields'] {
  const agreed = found?.covers.get(endpoint)?.fields ?? []
  if (fields === undefined) return agreed
  return fields.filter((name) => agreed.includes(name)).toSorted()
}
