/**
 * cedar-wasm, the judge: the official engine over the same text. It gates a rule set before it takes force, and replays
 * what the closures decided. About 0.5 ms a decision.
 *
 * cedar-wasm keeps every policy set it was ever given under a new name, so there is one name per kind of content, and
 * whoever asks with another rule set than the last has it parsed again.
 */
import {
  getCedarSDKVersion,
  policyToJson,
  preparsePolicySet,
  preparseSchema,
  statefulIsAuthorized,
  validate,
} from '@cedar-policy/cedar-wasm/nodejs'
import type {
  CheckParseAnswer,
  DetailedError,
  StatefulAuthorizationCall,
} from '@cedar-policy/cedar-wasm/nodejs'
import type { CedarInput, Evaluate, Evaluation } from '../../policies/cedar-input.ts'
import { INPUT_REFUSED } from '../../policies/engine-findings.ts'
import type { RuleSet } from '../../policies/rule-set.ts'
import { RuleId } from '../../policies/vocabulary.ts'
import type { Digest } from '../../policies/vocabulary.ts'

export interface Engine {
  readonly name: string
  readonly version: string
}

export const ENGINE: Engine = { name: '@cedar-policy/cedar-wasm', version: getCedarSDKVersion() }

/** The engine refused the rules themselves. */
export class RulesRefused extends Error {
  override readonly name = 'RulesRefused'
}

/** Schema-typed: an input that is not of the schema is denied with `INPUT_REFUSED`. Throws `RulesRefused`. */
export function makeJudge(rules: RuleSet): Evaluate {
  load(rules)
  return (_side, input) => ask(rules, input, { preparsedSchemaName: NAME, validateRequest: true })
}

/** Without the schema, so that damaged inputs reach the rules: for the gate only. */
export function makeUntypedJudge(rules: RuleSet): Evaluate {
  load(rules)
  return (_side, input) => ask(rules, input, {})
}

const NAME = 'rules'
let loaded: Digest | undefined

function load(rules: RuleSet): void {
  if (loaded === rules.hash) return
  loaded = undefined
  mustParse(preparsePolicySet(NAME, { staticPolicies: { ...rules.policies } }))
  mustParse(preparseSchema(NAME, rules.schema))
  loaded = rules.hash
}

function mustParse(answer: CheckParseAnswer): void {
  if (answer.type === 'failure') throw new RulesRefused(sentences(answer.errors))
}

function ask(
  rules: RuleSet,
  input: CedarInput,
  typing: Pick<StatefulAuthorizationCall, 'preparsedSchemaName' | 'validateRequest'>,
): Evaluation {
  load(rules)
  // The engine only reads what it is given; its types just don't say so (readonly arrays).
  const call = { ...input, ...typing, preparsedPolicySetId: NAME } as StatefulAuthorizationCall
  const answer = statefulIsAuthorized(call)
  if (answer.type === 'failure') return { decision: 'deny', reasons: [], errors: [INPUT_REFUSED] }
  const { decision, diagnostics } = answer.response
  return {
    decision,
    reasons: diagnostics.reason.map(RuleId.parse).toSorted(),
    errors: diagnostics.errors.map(({ policyId }) => RuleId.parse(policyId)).toSorted(),
  }
}

/** Everything that Cedar's strict validator has against the rules, warnings included; empty when it is content. */
export function validatorFindings(rules: RuleSet): readonly string[] {
  const answer = validate({
    schema: rules.schema,
    policies: { staticPolicies: { ...rules.policies } },
  })
  if (answer.type === 'failure') return answer.errors.map(({ message }) => message)
  const named = [...answer.validationErrors, ...answer.validationWarnings]
  return [
    ...named.map(({ policyId, error }) => `${policyId}: ${error.message}`),
    ...answer.otherWarnings.map(({ message }) => message),
  ]
}

/** Cedar's own JSON form of each rule, by id. Throws `RulesRefused`. */
export function rulesAsJson(rules: RuleSet): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(rules.policies).map(([id, text]) => {
      const answer = policyToJson(text)
      if (answer.type === 'failure') throw new RulesRefused(`${id}: ${sentences(answer.errors)}`)
      return [id, answer.json]
    }),
  )
}

function sentences(errors: readonly DetailedError[]): string {
  return errors.map(({ message }) => message).join('; ')
}
