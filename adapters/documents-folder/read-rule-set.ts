import { readFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { readRuleSet as parseRuleSet } from '../../policies/rule-set.ts'
import type { RuleSet } from '../../policies/rule-set.ts'
import { Digest } from '../../policies/vocabulary.ts'

const RULES = new URL('../../policies/rules/', import.meta.url)

/** The rule set that ships with the gateway. Throws `Malformed` when a rule lacks its title, article or refusal. */
export function readRuleSet(): RuleSet {
  const text = (name: string): string => readFileSync(new URL(name, RULES), 'utf8')
  return parseRuleSet(text('rules.cedar'), text('schema.cedarschema'), (hashed) =>
    Digest.parse(createHash('sha256').update(hashed, 'utf8').digest('base64url')),
  )
}
