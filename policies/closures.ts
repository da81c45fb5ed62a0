/**
 * Cedar policies as closures: the hot path's engine. The compiler reads Cedar's own JSON form of a policy, accepts a
 * closed subset of it and refuses everything else, so that it can't be asked for semantics it does not have. It
 * reproduces Cedar exactly, errors included (a policy that errors is skipped and listed); what it is worth is measured
 * by the activation gate, which compares it with cedar-wasm before a rule set takes force.
 */
import type { CedarInput, EntityUid, Evaluate, Evaluation } from './cedar-input.ts'
import { makeCompiler, remembered } from './closures/expression.ts'
import type { Compiler } from './closures/expression.ts'
import { fieldsOf, Unsupported } from './closures/subset.ts'
import { RuleId } from './vocabulary.ts'

export { Unsupported } from './closures/subset.ts'

/** Outcome of one policy; `undefined` is an evaluation error. */
type Holds = (input: CedarInput) => boolean | undefined

interface Compiled {
  readonly id: RuleId
  readonly effect: 'permit' | 'forbid'
  readonly holds: Holds
}

/** From Cedar's JSON form (`policyToJson`) by rule id. Throws `Unsupported` for anything beyond the subset. */
export function compileRules(policies: Readonly<Record<string, unknown>>): Evaluate {
  const compiler = makeCompiler()
  const compiled = Object.entries(policies)
    .map(([id, json]) => compileRule(RuleId.parse(id), json, compiler))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const permits = compiled.filter(({ effect }) => effect === 'permit')
  const forbids = compiled.filter(({ effect }) => effect === 'forbid')
  return (_side, input) => answer(forbids, permits, input)
}

const NO_RULES: readonly RuleId[] = []

function answer(
  forbids: readonly Compiled[],
  permits: readonly Compiled[],
  input: CedarInput,
): Evaluation {
  const forbidding = run(forbids, input)
  const permitting = run(permits, input)
  const errors =
    forbidding.errors.length + permitting.errors.length === 0
      ? NO_RULES
      : [...forbidding.errors, ...permitting.errors].toSorted()
  if (forbidding.holding.length > 0) {
    return { decision: 'deny', reasons: forbidding.holding, errors }
  }
  const decision = permitting.holding.length > 0 ? 'allow' : 'deny'
  return { decision, reasons: permitting.holding, errors }
}

interface Run {
  readonly holding: readonly RuleId[]
  readonly errors: readonly RuleId[]
}

function run(policies: readonly Compiled[], input: CedarInput): Run {
  let holding: RuleId[] | undefined
  let errors: RuleId[] | undefined
  for (const { id, holds } of policies) {
    const outcome = holds(input)
    if (outcome === false) continue
    if (outcome === undefined) errors = [...(errors ?? []), id]
    else holding = [...(holding ?? []), id]
  }
  return { holding: holding ?? NO_RULES, errors: errors ?? NO_RULES }
}

function compileRule(id: RuleId, json: unknown, compiler: Compiler): Compiled {
  const { effect, principal, action, resource, conditions } = fieldsOf(json, [
    'effect',
    'principal',
    'action',
    'resource',
    'conditions',
    'annotations',
  ])
  if (effect !== 'permit' && effect !== 'forbid') throw new Unsupported('an effect')
  if (!Array.isArray(conditions)) throw new Unsupported('conditions')
  const scope = [
    compileScope(principal, (input) => input.principal),
    compileScope(action, (input) => input.action),
    compileScope(resource, (input) => input.resource),
  ].filter((constraint) => constraint !== undefined)
  const clauses = conditions.map((clause) => compileClause(clause, compiler))
  return { id, effect, holds: (input) => inScope(scope, input) && allHold(clauses, input) }
}

type Constraint = (input: CedarInput) => boolean

function inScope(scope: readonly Constraint[], input: CedarInput): boolean {
  for (const constraint of scope) {
    if (!constraint(input)) return false
  }
  return true
}

/** Clauses are joined by `&&`: the first that does not hold or errs settles it. */
function allHold(clauses: readonly Holds[], input: CedarInput): boolean | undefined {
  for (const clause of clauses) {
    const outcome = clause(input)
    if (outcome !== true) return outcome
  }
  return true
}

/** Undefined where everything is in scope. */
function compileScope(json: unknown, of: (input: CedarInput) => EntityUid): Constraint | undefined {
  const { op, entity, entity_type: type } = fieldsOf(json, ['op', 'entity', 'entity_type'])
  if (op === 'All' && entity === undefined && type === undefined) return undefined
  if (op === 'is' && typeof type === 'string' && entity === undefined) {
    return (input) => of(input).type === type
  }
  if (op !== '==' || type !== undefined) throw new Unsupported('a scope other than all, is or ==')
  const uid = fieldsOf(entity, ['type', 'id'])
  return (input) => of(input).id === uid['id'] && of(input).type === uid['type']
}

function compileClause(json: unknown, compiler: Compiler): Holds {
  const { kind, body } = fieldsOf(json, ['kind', 'body'])
  const expression = remembered(body, compiler.expression(body))
  if (kind === 'when') {
    return (input) => {
      const value = expression(input)
      return typeof value === 'boolean' ? value : undefined
    }
  }
  if (kind !== 'unless') throw new Unsupported('a clause other than when and unless')
  return (input) => {
    const value = expression(input)
    return typeof value === 'boolean' ? !value : undefined
  }
}
