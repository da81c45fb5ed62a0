/**
 * The one small fixed set of rules (design D11) as text: Cedar policies by id, their schema, and the words that people
 * read about each. Reading it takes no engine; the activation gate checks that Cedar reads the same annotations.
 */
import { canonicalJson } from './canonical-json.ts'
import { POLICY_REFUSALS } from './refusal.ts'
import type { PolicyRefusal } from './refusal.ts'
import { Malformed, RuleId } from './vocabulary.ts'
import type { Digest, Wording } from './vocabulary.ts'

export interface RuleSet {
  /** Cedar text by rule id, in order of the ids. */
  readonly policies: Readonly<Record<string, string>>
  readonly schema: string
  readonly rules: ReadonlyMap<RuleId, Rule>
  /** RFC 8785 of `{policies, schema}`: what the registry chain keeps, and what `ruleSetOfRecord` reads. */
  readonly text: string
  /** SHA-256 of `text`. */
  readonly hash: Digest
}

export interface Rule {
  readonly id: RuleId
  readonly effect: 'permit' | 'forbid'
  readonly title: Wording
  /** The articles that it enforces. */
  readonly cite: string
  /** What a forbid that holds is told as. */
  readonly refusal?: PolicyRefusal
  /** `@obligation` of a permit, separated by spaces; one that nobody knows how to fulfil means deny. */
  readonly obligations: readonly string[]
  readonly annotations: Readonly<Record<string, string>>
}

type Sha256 = (text: string) => Digest

/** From the files: each rule begins with its `@id` at the start of a line. Throws `Malformed`. */
export function readRuleSet(rules: string, schema: string, sha256: Sha256): RuleSet {
  const parts = rules.split(/^(?=@id\()/m)
  const texts = parts.filter((part) => part.startsWith('@id('))
  // Only comments may stand before the first rule: a rule without an id would be lost, and with it what it forbids.
  if (parts.some((part) => !part.startsWith('@id(') && !isComment(part))) {
    throw new Malformed('rules that begin with @id, and only comments before the first')
  }
  const policies = texts.map((text): [string, string] => [
    annotationsOf(text)['id'] ?? '',
    text.trim(),
  ])
  if (new Set(policies.map(([id]) => id)).size !== policies.length) {
    throw new Malformed('rules, each with an id of its own')
  }
  return ruleSet(Object.fromEntries(policies.sort(byId)), schema, sha256)
}

function isComment(text: string): boolean {
  const lines = text.split('\n').map((line) => line.trim())
  return lines.every((line) => line === '' || line.startsWith('//'))
}

/** From what the registry chain kept. Throws `Malformed`. */
export function ruleSetOfRecord(text: string, sha256: Sha256): RuleSet {
  const record: unknown = JSON.parse(text)
  if (!isRuleRecord(record)) throw new Malformed('{policies, schema}')
  return ruleSet(
    Object.fromEntries(Object.entries(record.policies).sort(byId)),
    record.schema,
    sha256,
  )
}

function ruleSet(
  policies: Readonly<Record<string, string>>,
  schema: string,
  sha256: Sha256,
): RuleSet {
  const rules = Object.entries(policies).map(([id, text]) => readRule(id, text))
  const text = canonicalJson({ policies, schema })
  return {
    policies,
    schema,
    rules: new Map(rules.map((rule) => [rule.id, rule])),
    text,
    hash: sha256(text),
  }
}

function readRule(id: string, text: string): Rule {
  const annotations = annotationsOf(text)
  const effect = effectOf(text)
  const { title_zh: zh, title_en: en, cite } = annotations
  if (annotations['id'] !== id || zh === undefined || en === undefined || cite === undefined) {
    throw new Malformed('a rule with @id, @title_zh, @title_en and @cite')
  }
  const refusal = readRefusal(effect, annotations['refusal'])
  return {
    id: RuleId.parse(id),
    effect,
    title: { zh, en },
    cite,
    ...(refusal === undefined ? {} : { refusal }),
    obligations: annotations['obligation']?.split(' ') ?? [],
    annotations,
  }
}

function effectOf(text: string): Rule['effect'] {
  const effect = /^(permit|forbid)\b/m.exec(text)?.[1]
  if (effect !== 'permit' && effect !== 'forbid') throw new Malformed('permit or forbid')
  return effect
}

function readRefusal(effect: Rule['effect'], name: string | undefined): PolicyRefusal | undefined {
  const refusal = POLICY_REFUSALS.find((code) => code === `Client.Policy.${name ?? ''}`)
  if ((effect === 'forbid') !== (refusal !== undefined)) {
    throw new Malformed('@refusal with a policy refusal on every forbid, and on nothing else')
  }
  return refusal
}

/** Annotations stand on lines of their own, without escapes: what Cedar reads can't differ from what people read. */
function annotationsOf(text: string): Readonly<Record<string, string>> {
  const lines = text.matchAll(/^@([a-z_]+)\("([^"\\]*)"\)$/gm)
  return Object.fromEntries([...lines].map(([, name = '', value = '']) => [name, value]))
}

function byId([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1
}

function isRuleRecord(
  value: unknown,
): value is { readonly policies: Record<string, string>; readonly schema: string } {
  if (typeof value !== 'object' || value === null) return false
  if (!('policies' in value) || !('schema' in value) || typeof value.schema !== 'string')
    return false
  const { policies } = value
  if (typeof policies !== 'object' || policies === null) return false
  return Object.values(policies).every((text) => typeof text === 'string')
}
