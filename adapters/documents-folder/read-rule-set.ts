import { readFileSync } from 'node:fs'
import { readRuleSet as parseRuleSet } from '../../policies/rule-set.ts'
import type { RuleSet } from '../../policies/rule-set.ts'
import type { Digest } from '../../policies/vocabulary.ts'

const RULES = new URL('../../policies/rules/', import.meta.url)

/** The rule set that ships with the gateway. Throws `Malformed` when a rule lacks its title, article or refusal. */
export function readRuleSet(sha256: (text: string) => Digest): RuleSet {
  const text = (name: string): string => readFileSync(new URL(name, RULES), 'utf8')
  return parseRuleSet(text('rules.cedar'), text('schema.cedarschema'), sha256)
}
