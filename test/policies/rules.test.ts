import { describe, expect, test } from '@jest/globals'
import { sampleInputs } from '../../adapters/cedar-engine/sample-inputs.ts'
import type { CedarInput, CedarValue } from '../../policies/cedar-input.ts'
import type { Side } from '../../policies/question.ts'
import { POLICY_REFUSALS } from '../../policies/refusal.ts'
import { readRuleSet, ruleSetOfRecord } from '../../policies/rule-set.ts'
import { Malformed, RuleId } from '../../policies/vocabulary.ts'
import { documentCrypto } from '../../gateway/registry/agreement-signatures.ts'
import { closures, judge, rules } from './world.ts'

const whole = (side: Side): CedarInput => sampleInputs().find(({ action }) => action.id === side)!

type Change = (input: CedarInput) => CedarInput

const asked =
  (change: Record<string, CedarValue>): Change =>
  (input) => ({ ...input, context: { ...input.context, ...change } })
const notAsked =
  (name: string): Change =>
  (input) => ({
    ...input,
    context: Object.fromEntries(Object.entries(input.context).filter(([other]) => other !== name)),
  })
const changed =
  (type: string, change: Record<string, CedarValue>, id?: string): Change =>
  (input) => ({
    ...input,
    entities: input.entities.map((entity) =>
      entity.uid.type === type && (id === undefined || entity.uid.id === id)
        ? { ...entity, attrs: { ...entity.attrs, ...change } }
        : entity,
    ),
  })
const agreed = (change: Record<string, CedarValue>): Change => changed('Agreement', change)
const endpoint = (change: Record<string, CedarValue>): Change => changed('Endpoint', change)
const member = (id: string): CedarValue => ({ __entity: { type: 'Member', id } })
const both =
  (...changes: Change[]): Change =>
  (input) =>
    changes.reduce((so, change) => change(so), input)

/** One attribute changed at a time: exactly this rule fires, on exactly these sides. */
const TABLE: readonly [rule: string, sides: readonly Side[], what: string, change: Change][] = [
  [
    'F01',
    ['collect'],
    'the collecting party is a processor',
    changed('Member', { kind: 'processor' }, 'TW/GOV/C1'),
  ],
  [
    'F01',
    ['disclose'],
    'the disclosing party is the operator',
    changed('Member', { kind: 'operator' }, 'TW/GOV/C2'),
  ],
  [
    'F02',
    ['collect'],
    'the subsystem belongs to somebody else',
    changed('Subsystem', { member: member('TW/GOV/C2') }),
  ],
  [
    'F03',
    ['collect'],
    'the collecting party is not registered',
    changed('Member', { kind: 'unregistered' }, 'TW/GOV/C1'),
  ],
  [
    'F04',
    ['collect'],
    'the agreement is another controller’s',
    agreed({ consumerController: member('TW/GOV/C2') }),
  ],
  [
    'F05',
    ['disclose'],
    'the service is another controller’s',
    endpoint({ controller: member('TW/GOV/C1') }),
  ],
  [
    'F05',
    ['disclose'],
    'the agreement is about another controller’s data',
    agreed({ providerController: member('TW/GOV/C1') }),
  ],
  [
    'F06',
    ['collect', 'disclose'],
    'a field is of a special category',
    endpoint({ specialFields: ['isInsured'] }),
  ],
  [
    'F07',
    ['collect', 'disclose'],
    'the basis of Article 6 does not exist',
    agreed({ article6: 'PDPA-15-1' }),
  ],
  [
    'F09',
    ['collect'],
    'another purpose, onward use allowed',
    both(asked({ purpose: '120' }), agreed({ onwardUse: true, disclosePurposes: ['120'] })),
  ],
  ['F10', ['collect', 'disclose'], 'no purpose', notAsked('purpose')],
  [
    'F11',
    ['disclose'],
    'not the purpose of the provider’s collection',
    agreed({ disclosePurposes: ['120'] }),
  ],
  ['F12', ['collect', 'disclose'], 'not yet in force', agreed({ validFrom: 1_790_000_000_001 })],
  ['F12', ['collect', 'disclose'], 'no longer in force', agreed({ validTo: 1_790_000_000_000 })],
  ['F13', ['collect', 'disclose'], 'no agreement', notAsked('agreement')],
  [
    'F14',
    ['collect', 'disclose'],
    'another subsystem’s agreement',
    agreed({ consumer: { __entity: { type: 'Subsystem', id: 'TW/GOV/P1/sp' } } }),
  ],
  ['F14', ['collect', 'disclose'], 'another endpoint', agreed({ endpoints: [] })],
  ['F15', ['collect'], 'another basis', asked({ basis: 'PDPA-15-3' })],
  [
    'F16',
    ['collect'],
    'collection on a basis of Article 16',
    agreed({ collectBasis: 'PDPA-16-1' }),
  ],
  ['F17', ['disclose'], 'use on a basis of Article 15', agreed({ discloseBasis: 'PDPA-15-1' })],
  [
    'F18',
    ['collect', 'disclose'],
    'consent to the collection',
    agreed({ collectBasis: 'PDPA-15-2' }),
  ],
  [
    'F18',
    ['collect', 'disclose'],
    'consent to another use',
    agreed({ discloseBasis: 'PDPA-16-7' }),
  ],
  ['F18', ['collect', 'disclose'], 'written consent', agreed({ article6: 'PDPA-6-1-6' })],
  [
    'F19',
    ['collect', 'disclose'],
    'persons beyond the agreement',
    asked({ brokenForPersons: ['relation'] }),
  ],
  ['F20', ['collect', 'disclose'], 'nobody named', asked({ subjectIdentified: false })],
  [
    'F21',
    ['collect', 'disclose'],
    'an extent beyond the agreement',
    asked({ brokenForMatter: ['years'] }),
  ],
  [
    'F22',
    ['collect', 'disclose'],
    'a field beyond the agreement',
    agreed({ fields: ['insuredCategory'] }),
  ],
  [
    'F23',
    ['collect', 'disclose'],
    'a field that is not registered',
    endpoint({ fields: ['insuredCategory'] }),
  ],
]

describe('the rules, one attribute at a time', () => {
  test.each(['collect', 'disclose'] as const)('whole: %s is allowed by its permit', (side) => {
    const input = whole(side)
    const evaluation = closures(side, input)
    expect(evaluation).toMatchObject({ decision: 'allow', errors: [] })
    expect(evaluation.reasons).toEqual([
      side === 'collect' ? 'P01-collect-under-agreement' : 'P02-disclose-under-agreement',
    ])
    expect(judge(side, input)).toEqual(evaluation)
  })

  test.each(TABLE)('%s on %j: %s', (rule, sides, _what, change) => {
    for (const side of ['collect', 'disclose'] as const) {
      const evaluation = closures(side, change(whole(side)))
      expect(judge(side, change(whole(side)))).toEqual(evaluation)
      expect(evaluation.errors).toEqual([])
      expect(evaluation.reasons.map((id) => id.slice(0, 3))).toEqual(
        sides.includes(side) ? [rule] : [side === 'collect' ? 'P01' : 'P02'],
      )
    }
  })

  test('F08: another purpose where onward use is excluded, on both sides', () => {
    for (const side of ['collect', 'disclose'] as const) {
      const evaluation = closures(side, asked({ purpose: '120' })(whole(side)))
      expect(evaluation.reasons).toContain('F08-onward-use')
    }
  })

  test('every rule of the set stands in the table', () => {
    const tried = new Set(['P01', 'P02', 'F08', ...TABLE.map(([rule]) => rule)])
    expect([...rules.rules.keys()].filter((id) => !tried.has(id.slice(0, 3)))).toEqual([])
  })
})

describe('what people read about the rules', () => {
  test('every rule has a title in both languages and its article; every forbid its refusal', () => {
    for (const rule of rules.rules.values()) {
      expect(rule.title.zh).toMatch(/\p{Script=Han}/u)
      expect(rule.title.en).toMatch(/^[A-Z]/)
      expect(rule.cite).toMatch(/PDPA §/)
      expect(rule.refusal !== undefined).toBe(rule.effect === 'forbid')
    }
    expect(rules.rules.size).toBe(25)
  })

  test('every refusal of policy is told by some rule', () => {
    const told = new Set([...rules.rules.values()].map(({ refusal }) => refusal))
    expect(POLICY_REFUSALS.filter((code) => !told.has(code))).toEqual([])
  })

  test('a rule set read back from what the registry keeps is the same one', () => {
    const again = ruleSetOfRecord(rules.text, documentCrypto.sha256)
    expect(again).toEqual(rules)
    expect(rules.text.length).toBeLessThan(60_000)
  })

  const text = Object.values(rules.policies).join('\n')
  test.each<[string, string]>([
    ['a rule twice', `${text}\n${rules.policies['F13-no-agreement'] ?? ''}`],
    ['no title', text.replace(/@title_zh\(".*"\)\n/, '')],
    ['a refusal that does not exist', text.replace('@refusal("NoBasis")', '@refusal("Nope")')],
    ['a forbid without a refusal', text.replace('@refusal("NoBasis")\n', '')],
    ['a permit with a refusal', text.replace('\npermit', '\n@refusal("NoBasis")\npermit')],
    ['a rule without an id before the others', `forbid (principal, action, resource);\n${text}`],
    ['an id of another form', text.replace('"F13-no-agreement"', '"no-agreement"')],
  ])('refused: %s', (_what, changedText) => {
    expect(changedText).not.toBe(text)
    expect(() => readRuleSet(changedText, rules.schema, documentCrypto.sha256)).toThrow(Malformed)
  })

  test('the first rule counts, with or without comments before it', () => {
    for (const before of ['', '// a comment\n\n', '\n']) {
      const read = readRuleSet(`${before}${text}`, rules.schema, documentCrypto.sha256)
      expect(read.hash).toBe(rules.hash)
    }
  })

  test('refused: a record that is no rule set', () => {
    for (const record of ['{}', '[]', '1', '{"policies":{"a":1},"schema":""}', '{"policies":{}}']) {
      expect(() => ruleSetOfRecord(record, documentCrypto.sha256)).toThrow(Malformed)
    }
    expect(() => RuleId.parse('x')).toThrow(Malformed)
  })
})
